/** An audience as it is compared: without scheme and last slash, as in Envoy. */
export function bareAudience(audience: string): string {
  return audience.replace(/^https?:\/\//, "").replace(/\/$/, "");
}
