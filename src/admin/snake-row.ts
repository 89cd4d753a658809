const snakeNames = new Map<string, string>();

/** `snapshotVersion` as JSON of the admin interface has it: `snapshot_version`. Remembers names: only for those of fields. */
function snakeName(name: string): string {
  let snake = snakeNames.get(name);
  if (snake === undefined) {
    snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    snakeNames.set(name, snake);
  }
  return snake;
}

/** `snapshot_version` as fields are called in the source: `snapshotVersion`. */
export function camelName(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** A row of a listing, with its worker in front, as JSON has it. Durations and other fractions have three digits. */
export function snakeRow(worker: string, row: object): Record<string, unknown> {
  const json: Record<string, unknown> = { worker };
  for (const [name, value] of Object.entries(row)) {
    json[snakeName(name)] = typeof value === "number" ? Math.round(value * 1000) / 1000 : value;
  }
  return json;
}

/** Plain data of the source as JSON of the admin interface has it: the names of all fields in snake case. */
export function snakeJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [snakeName(name), snakeJson(inner)]));
}
