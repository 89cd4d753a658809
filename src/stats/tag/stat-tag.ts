/** A name–value pair that was part of a stat's name, such as `envoy.cluster_name` = `web`. */
export interface StatTag {
  readonly name: string;
  readonly value: string;
}

/** A stat's name taken apart: `cluster.web.upstream_rq_200` gives `cluster.upstream_rq` and two tags. */
export interface TaggedName {
  readonly extractedName: string;
  readonly tags: readonly StatTag[];
}

/** A part of a name that is a tag's value, and the stretch of the name that goes when the tag is taken out. */
export interface TagMatch {
  readonly value: string;
  readonly from: number;
  readonly to: number;
}

/** A rule that finds one tag in stat names. */
export interface TagExtractor {
  readonly tagName: string;
  /** The first dotted part of the names that may match; undefined if any may. */
  readonly firstToken: string | undefined;
  /** `tokens` is `name` split at its dots. */
  find(name: string, tokens: readonly string[]): TagMatch | undefined;
}
