/** One way to learn the client's address from a request's headers. Plain data. */
export type IpDetectionData =
  | {
      readonly type: "xff";
      /** Places from the right of `x-forwarded-for`. */
      readonly trustedHops: number;
    }
  | {
      readonly type: "customHeader";
      /** Lower case. */
      readonly header: string;
      /** Whether the address may make a request internal. */
      readonly trusted: boolean;
      /** The answer to requests without a readable address; null = the next way is tried. */
      readonly rejectStatus: number | null;
    };
