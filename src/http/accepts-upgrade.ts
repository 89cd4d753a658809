/** Whether a response with this status accepts a request to switch protocols (RFC 9110 §7.8, §9.3.6). */
export function acceptsUpgrade(isConnect: boolean, status: number): boolean {
  return isConnect ? status >= 200 && status < 300 : status === 101;
}
