import { mkdirSync, statSync } from "node:fs";
import { constants, enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * Keeps what Node.js makes of the source files between two starts, for this thread and for all that it starts: `$XDG_CACHE_HOME/troupe`, or
 * `~/.cache/troupe`. Who sets NODE_COMPILE_CACHE chooses another folder, NODE_DISABLE_COMPILE_CACHE=1 goes without. Without a folder that
 * belongs to this user alone nothing is kept: code from it is run. Answers the folder, undefined if there is none.
 */
export function keepCompiledCode(environment: NodeJS.ProcessEnv): string | undefined {
  if (environment.NODE_COMPILE_CACHE || environment.NODE_DISABLE_COMPILE_CACHE) return undefined;
  const folder = privateFolder(environment);
  if (folder === undefined || enableCompileCache(folder).status === constants.compileCacheStatus.FAILED)
    return undefined;
  // Threads look for it here.
  environment.NODE_COMPILE_CACHE = folder;
  return folder;
}

function privateFolder(environment: NodeJS.ProcessEnv): string | undefined {
  try {
    const { XDG_CACHE_HOME: named = "" } = environment;
    const folder = join(isAbsolute(named) ? named : join(homedir(), ".cache"), "troupe");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(folder);
    return uid === process.getuid?.() && (mode & 0o022) === 0 ? folder : undefined;
  } catch {
    // A read-only system or a user without a home: each start compiles anew.
    return undefined;
  }
}
