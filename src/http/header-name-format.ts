/** How the names of a message's headers are written where case can be told, which is HTTP/1. Elsewhere they are lower case. */
export interface HeaderNameFormat {
  /** The name as it is to be written. `name` is in lower case; only the case of letters may change. */
  format(name: string): string;
  /** Reason phrase of the response; `""` = the usual one of its status. */
  readonly reason: string;
}

/** A line `name: value`, or several, with the first name as `format` says it. */
export function formatLine(format: HeaderNameFormat | null, line: string): string {
  if (format === null) return line;
  const end = line.indexOf(":");
  return format.format(line.slice(0, end)) + line.slice(end);
}
