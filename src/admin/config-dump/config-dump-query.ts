/** What of a configuration is to be dumped: the parameters of `/config_dump`. Texts are as they came; empty = not given. */
export interface ConfigDumpQuery {
  readonly resource: string;
  readonly mask: string;
  readonly nameRegex: string;
  /** Whether the endpoints in force are shown too. */
  readonly includeEds: boolean;
}
