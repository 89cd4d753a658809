const MAX_CHARS = 200;

/** The metadata that a request asks of its host, for people: `version=v2, stage=prod`; `""` if it asks for none. */
export function criteriaInWords(metadataMatch: Readonly<Record<string, unknown>> | null): string {
  if (metadataMatch === null) return "";
  const words = Object.entries(metadataMatch).map(
    ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return words.join(", ").slice(0, MAX_CHARS);
}
