/** A plain JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A plain JSON object. Keys come from configurations: `__proto__` may be among them. */
export interface JsonObject {
  readonly [key: string]: Json;
}
