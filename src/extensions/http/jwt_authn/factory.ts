import type { HttpFilterModule } from "../../extension-module.ts";
import { JwtAuthnFilter, type JwtAuthnRuntime } from "./filter.ts";
import type { JwtAuthnData, RemoteKeysData } from "./jwt-data.ts";
import { JwtVerifier } from "./jwt-verifier.ts";
import { RemoteKeys } from "./remote-keys.ts";
import { RequestRule } from "./request-rule.ts";
import { jwtAuthnStats } from "./stats.ts";

/** `envoy.filters.http.jwt_authn`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(config, { scope, worker }) {
    const data = config as JwtAuthnData;
    const { providers, byFilterState } = data;
    const stats = jwtAuthnStats(scope);
    const fetched: RemoteKeys[] = [];
    const remoteKeys = (keys: RemoteKeysData): RemoteKeys => {
      fetched.push(new RemoteKeys(keys, worker, stats));
      return fetched.at(-1)!;
    };
    const runtime: JwtAuthnRuntime = {
      data,
      verifier: new JwtVerifier(providers, remoteKeys),
      rules: data.rules.map(({ match, requirement }) => new RequestRule(match, requirement)),
      named: new Map(data.named),
      byFilterState:
        byFilterState === null ? null : { ...byFilterState, requirements: new Map(byFilterState.requirements) },
      ownHeaders: [
        ...providers.flatMap(({ claimHeaders }) => claimHeaders.map(({ header }) => header)),
        ...providers.flatMap(({ forwardPayloadHeader: header }) => (header === "" ? [] : [header])),
      ],
      stats,
      clock: worker.clock,
      random: worker.random,
    };
    return {
      create: (chain) => chain.addDecoderFilter(new JwtAuthnFilter(runtime)),
      dispose: () => {
        for (const keys of fetched) keys.dispose();
      },
    };
  },
};
