/** What is said of clusters, by their own names. */
export interface ClusterWords {
  /** How the hosts stand, of which none could be chosen. `criteria`: the metadata that the request asked for; `""` for none. */
  hosts(cluster: string, criteria: string): string;
  /** The circuit breakers that are at their limit; `""` if none is. */
  openBreakers(cluster: string): string;
}
