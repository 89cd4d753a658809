import type { Command } from "./command.ts";
import { CONFIG_CHECK } from "./commands/config-check.ts";
import { DIFF } from "./commands/diff.ts";
import { EXPLAIN } from "./commands/explain.ts";
import { LISTINGS } from "./commands/listings.ts";
import { RELOAD } from "./commands/reload.ts";
import { TOP } from "./commands/top.ts";
import { TRACE } from "./commands/trace.ts";

/** All sub-commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [TOP, ...LISTINGS, EXPLAIN, TRACE, RELOAD, DIFF, CONFIG_CHECK];
