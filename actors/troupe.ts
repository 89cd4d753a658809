#!/usr/bin/env node
/**
 * The installed command `troupe`. An older node would stop at the first import that it does not have, with a stack and no
 * word about its age: so its version is looked at before anything else is loaded.
 */

/** As in package.json under `engines`. */
const NEEDED = { major: 26, minor: 6 };

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > NEEDED.major || (major === NEEDED.major && minor >= NEEDED.minor)) {
  await import("./main.ts");
} else {
  process.stderr.write(`troupe: node ${NEEDED.major}.${NEEDED.minor} or newer is needed, this is ${process.version}\n`);
  process.exitCode = 1;
}
