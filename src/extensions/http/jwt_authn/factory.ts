import type { HttpFilterModule } from "../../extension-module.ts";
import { JwtAuthnFilter, type JwtAuthnRuntime } from "./filter.ts";
import type { JwtAuthnData } from "./jwt-data.ts";
import { JwtVerifier } from "./jwt-verifier.ts";
import { RequestRule } from "./request-rule.ts";
import { jwtAuthnStats } from "./stats.ts";

/** `envoy.filters.http.jwt_authn`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(config, { scope, worker }) {
    const data = config as JwtAuthnData;
    const { providers } = data;
    const runtime: JwtAuthnRuntime = {
      data,
      verifier: new JwtVerifier(providers),
      rules: data.rules.map(({ match, requirement }) => new RequestRule(match, requirement)),
      named: new Map(data.named),
      ownHeaders: [
        ...providers.flatMap(({ claimHeaders }) => claimHeaders.map(({ header }) => header)),
        ...providers.flatMap(({ forwardPayloadHeader: header }) => (header === "" ? [] : [header])),
      ],
      stats: jwtAuthnStats(scope),
      clock: worker.clock,
      random: worker.random,
    };
    return { create: (chain) => chain.addDecoderFilter(new JwtAuthnFilter(runtime)), dispose: () => {} };
  },
};
