/** Where the address of a session's host is kept. Plain data. */
export type SessionStateData =
  | {
      readonly type: "cookie";
      readonly name: string;
      /** 0 = a session cookie. */
      readonly ttlS: number;
      /** Only requests below it have sessions; `""` = all. */
      readonly path: string;
    }
  | { readonly type: "header" /** In lower case. */; readonly name: string };
