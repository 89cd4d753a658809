/**
 * A place in the configuration, as a path from the root of the bootstrap. Immutable; a child links to its parent, so that
 * making one is cheap. Field names are the proto names (`connect_timeout`), whatever spelling the file uses.
 */
export class Place {
  /** The root of the configuration. */
  static readonly root: Place = new Place(undefined, "");

  readonly parent: Place | undefined;
  /** A field name or map key, or the index of an item. */
  readonly step: string | number;

  private constructor(parent: Place | undefined, step: string | number) {
    this.parent = parent;
    this.step = step;
  }

  /** The field (or map key) `name` of the message at this place. */
  field(name: string): Place {
    return new Place(this, name);
  }

  /** Item `index` of the list at this place. */
  index(index: number): Place {
    return new Place(this, index);
  }

  /** The same place seen from `root`, where this place was made from `Place.root`. */
  under(root: Place): Place {
    if (this.parent === undefined) return root;
    return new Place(this.parent.under(root), this.step);
  }

  /** The steps from the root to here. */
  steps(): (string | number)[] {
    const steps: (string | number)[] = [];
    for (let place: Place = this; place.parent !== undefined; place = place.parent) steps.push(place.step);
    return steps.reverse();
  }

  /** As people write it: `static_resources.clusters[3].connect_timeout`; a key that is no plain word is quoted. */
  toString(): string {
    let text = "";
    for (const step of this.steps()) {
      if (typeof step === "number") text += `[${step}]`;
      else if (!/^[\w@-]+$/.test(step)) text += `[${JSON.stringify(step)}]`;
      else text += text === "" ? step : `.${step}`;
    }
    return text;
  }
}
