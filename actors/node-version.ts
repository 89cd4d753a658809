/** The oldest Node.js that can move listening sockets between threads; `engines` in package.json says the same. */
export const MINIMUM_NODE = "26.6.0";

/** What is wrong with running on this Node.js, for people; undefined if nothing. `version` without `v`. */
export function nodeVersionProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [neededMajor = 0, neededMinor = 0] = MINIMUM_NODE.split(".").map(Number);
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return undefined;
  return `Node.js ${neededMajor}.${neededMinor} or newer is needed, and this is ${version}`;
}
