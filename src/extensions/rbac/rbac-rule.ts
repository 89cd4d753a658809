import { HeaderMatcher } from "../../match/header-matcher.ts";
import { createIpSet } from "../../match/ip-prefix-table.ts";
import { MetadataMatcher } from "../../match/metadata-matcher.ts";
import { pathWithoutQuery } from "../../match/path-matcher.ts";
import { createStringMatcher } from "../../match/string-matcher.ts";
import { ipOfAddress } from "../../net/address.ts";
import type { RbacAddress, RbacRuleData } from "./rbac-data.ts";
import type { RbacSubject } from "./rbac-subject.ts";

/** Says yes or no to a subject. Immutable. */
export type RbacRule = (subject: RbacSubject) => boolean;

const ADDRESS_OF: Record<RbacAddress, (subject: RbacSubject) => string> = {
  destination: (subject) => subject.localAddress,
  connectionRemote: (subject) => subject.connectionRemoteAddress,
  directRemote: (subject) => subject.directRemoteAddress,
  remote: (subject) => subject.remoteAddress,
};

/** Makes a permission or principal. `data` is checked already: throws on a bad regex. */
export function createRbacRule(data: RbacRuleData): RbacRule {
  switch (data.type) {
    case "any":
      return () => true;
    case "and":
      return allOf(data.rules.map(createRbacRule));
    case "or":
      return anyOf(data.rules.map(createRbacRule));
    case "not": {
      const rule = createRbacRule(data.rule);
      return (subject) => !rule(subject);
    }
    case "header": {
      const matcher = new HeaderMatcher(data.matcher);
      return ({ headers }) => headers !== null && matcher.matches(headers);
    }
    case "ip": {
      const addressOf = ADDRESS_OF[data.address];
      const range = createIpSet([data.range]);
      return (subject) => range.has(plainIp(addressOf(subject)));
    }
    case "port":
      return ({ localAddress }) => {
        const port = portOf(localAddress);
        return port >= data.start && port < data.end;
      };
    case "metadata": {
      const matcher = new MetadataMatcher(data.matcher);
      return ({ dynamicMetadata }) => matcher.matches(dynamicMetadata);
    }
    default:
      return textRule(data);
  }
}

type TextRuleData = Extract<RbacRuleData, { type: "path" | "filterState" | "serverName" | "authenticated" }>;

function textRule(data: TextRuleData): RbacRule {
  if (data.matcher === null) return ({ peerNames }) => peerNames !== null;
  const matcher = createStringMatcher(data.matcher);
  switch (data.type) {
    case "path":
      return ({ headers }) => {
        const path = headers?.lookup(":path");
        return path !== undefined && matcher.matches(pathWithoutQuery(path));
      };
    case "filterState":
      return ({ filterState }) => {
        const value = filterState?.get(data.key);
        return typeof value === "string" && matcher.matches(value);
      };
    case "serverName":
      return ({ requestedServerName }) => matcher.matches(requestedServerName);
    case "authenticated":
      return ({ peerNames }) => peerNames?.some((name) => matcher.matches(name)) ?? false;
  }
}

function allOf(rules: readonly RbacRule[]): RbacRule {
  return (subject) => rules.every((rule) => rule(subject));
}

function anyOf(rules: readonly RbacRule[]): RbacRule {
  return (subject) => rules.some((rule) => rule(subject));
}

/** The IP of `ip:port`, `[ip]:port` or of an IP alone. */
function plainIp(address: string): string {
  const isBareIpv6 = !address.startsWith("[") && address.indexOf(":") !== address.lastIndexOf(":");
  return isBareIpv6 ? address : ipOfAddress(address);
}

/** -1 for a path. */
function portOf(address: string): number {
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  return Number.isInteger(port) ? port : -1;
}
