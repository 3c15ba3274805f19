/**
 * What the broker's owner decides: who may connect, and who may publish and subscribe to what.
 *
 * @module
 */
import type { ProtocolVersion, QoS } from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import type {
  AuthenticateQuestion,
  BrokerDecision,
  BrokerQuestion,
  PublishQuestion,
  SubscribeQuestion,
} from "./question.ts";
import type { BrokerQuestions } from "./settings.ts";

/**
 * What a hook answers: true and false, a Reason Code of MQTT 5 (0x80 and above refuses), or one with properties
 * such as `reasonString`. A client of MQTT 3.x is told what its version can tell.
 */
export type Verdict = boolean | number | BrokerDecision;

/** Who has sent something. */
export interface ClientIdentity {
  /** The Client Identifier; where CONNECT has none, the one that the broker gives. */
  readonly clientId: string;
  /** The User Name. */
  readonly username: string | undefined;
  /** The version that is spoken. */
  readonly protocolVersion: ProtocolVersion;
  /** Where the client is: `127.0.0.1:49152`, or `memory:1` for a wire in memory. */
  readonly peer: string;
}

/** A client that wants to connect. */
export interface Login extends ClientIdentity {
  /** The Password. */
  readonly password: Uint8Array | undefined;
  /** The Password as text; undefined where there is none. */
  readonly passwordText: string | undefined;
}

/** A client that wants to publish, or to leave a will. */
export interface PublishRequest extends ClientIdentity {
  /** Tells it from a wish to subscribe. */
  readonly action: "publish";
  /** The Topic Name. */
  readonly topic: string;
  /** The payload; it is good until the hook has returned. */
  readonly payload: Uint8Array;
  /** The QoS that it is published with. */
  readonly qos: QoS;
  /** Whether it is to be retained. */
  readonly retain: boolean;
  /** Whether it is the will of a client that connects. */
  readonly isWill: boolean;
}

/** A client that wants to subscribe. */
export interface SubscribeRequest extends ClientIdentity {
  /** Tells it from a wish to publish. */
  readonly action: "subscribe";
  /** The Topic Filter. */
  readonly topic: string;
  /** The highest QoS that is wanted. */
  readonly qos: QoS;
}

/** A step of enhanced authentication (MQTT 5, 4.12). */
export interface AuthenticationStep extends ClientIdentity {
  /** `connect` and `re-authenticate` begin an exchange, `continue` goes on with it. */
  readonly step: "connect" | "continue" | "re-authenticate";
  /** What the client says. */
  readonly data: Uint8Array | undefined;
}

/** What a step of enhanced authentication comes to. */
export type AuthenticationReply =
  | Verdict
  | {
    /** What the client is told. */
    readonly data: Uint8Array;
    /** Whether the client is asked to go on; else it is accepted. */
    readonly more: boolean;
  };

/** What hooks there are. While one has not answered, what else its client sends waits. */
export interface BrokerHooks {
  /** Whether a client may connect; false is 0x86, Bad User Name or Password. Left out, everyone may. */
  readonly authenticate?: (login: Login) => Verdict | Promise<Verdict>;
  /** Whether a client may publish or subscribe; false is 0x87, Not authorized. Left out, everyone may. */
  readonly authorize?: (
    request: PublishRequest | SubscribeRequest,
  ) => Verdict | Promise<Verdict>;
  /** Enhanced authentication by the name of its method; false is 0x87, Not authorized. */
  readonly authenticationMethods?: Readonly<
    Record<
      string,
      (
        step: AuthenticationStep,
      ) => AuthenticationReply | Promise<AuthenticationReply>
    >
  >;
}

/** The highest QoS, which is how a subscription is allowed as it was asked for. */
const AS_ASKED = 2;

/** What a hook that fails comes to. */
const FAILED: BrokerDecision = {
  reasonCode: ReasonCode.implementationSpecificError,
};

/** What the machine is to ask. */
export function questionsOf(hooks: BrokerHooks): BrokerQuestions {
  return {
    connect: hooks.authenticate !== undefined,
    publish: hooks.authorize !== undefined,
    subscribe: hooks.authorize !== undefined,
    authenticationMethods: Object.keys(hooks.authenticationMethods ?? {}),
  };
}

/** Asks the hook. What it throws is reported as an error that nobody has caught, and refuses. */
export function decide(
  question: BrokerQuestion,
  hooks: BrokerHooks,
): BrokerDecision | Promise<BrokerDecision> {
  try {
    const decision = ask(question, hooks);
    return decision instanceof Promise ? decision.catch(failed) : decision;
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): BrokerDecision {
  reportError(error);
  return FAILED;
}

function ask(
  question: BrokerQuestion,
  hooks: BrokerHooks,
): BrokerDecision | Promise<BrokerDecision> {
  const identity = identityOf(question);
  if (question.type === "authenticate") {
    return askStep(question, identity, hooks);
  }
  if (question.type === "subscribe") {
    return askSubscribe(question, identity, hooks);
  }
  if (question.type === "publish") {
    return settle(
      askPublish(question, identity, hooks),
      (verdict) => decisionOf(verdict, ReasonCode.notAuthorized),
    );
  }
  const { password } = question.packet;
  const login = {
    ...identity,
    password,
    passwordText: password && new TextDecoder().decode(password),
  };
  return settle(
    hooks.authenticate === undefined || hooks.authenticate(login),
    (verdict) => decisionOf(verdict, ReasonCode.badUserNameOrPassword),
  );
}

function askPublish(
  { message, isWill }: PublishQuestion,
  identity: ClientIdentity,
  { authorize }: BrokerHooks,
): Verdict | Promise<Verdict> {
  if (authorize === undefined) return true;
  return authorize({
    ...identity,
    action: "publish",
    topic: message.topicName,
    payload: message.payload,
    qos: message.qos,
    retain: message.retain,
    isWill,
  });
}

function askSubscribe(
  { subscriptions }: SubscribeQuestion,
  identity: ClientIdentity,
  { authorize }: BrokerHooks,
): BrokerDecision | Promise<BrokerDecision> {
  const verdicts = subscriptions.map(({ topicFilter, qos }) =>
    authorize === undefined || authorize({
      ...identity,
      action: "subscribe",
      topic: topicFilter,
      qos,
    })
  );
  const decide = (verdicts: readonly Verdict[]): BrokerDecision => {
    const [first = FAILED, ...others] = verdicts.map((verdict) =>
      decisionOf(verdict, ReasonCode.notAuthorized, AS_ASKED)
    );
    const reasonCodes = [first, ...others].map(({ reasonCode }) => reasonCode);
    return { ...first, reasonCodes };
  };
  return verdicts.some((verdict) => verdict instanceof Promise)
    ? Promise.all(verdicts).then(decide)
    // None of them is a promise.
    : decide(verdicts as Verdict[]);
}

function askStep(
  { authenticationMethod, authenticationData, step }: AuthenticateQuestion,
  identity: ClientIdentity,
  { authenticationMethods = {} }: BrokerHooks,
): BrokerDecision | Promise<BrokerDecision> {
  const method = Object.hasOwn(authenticationMethods, authenticationMethod)
    ? authenticationMethods[authenticationMethod]
    : undefined;
  if (method === undefined) return FAILED;
  const reply = method({ ...identity, step, data: authenticationData });
  return settle(
    reply,
    (reply) =>
      typeof reply === "object" && "more" in reply
        ? {
          reasonCode: reply.more
            ? ReasonCode.continueAuthentication
            : ReasonCode.success,
          properties: { authenticationData: reply.data },
        }
        : decisionOf(reply, ReasonCode.notAuthorized),
  );
}

function identityOf({ connection }: BrokerQuestion): ClientIdentity {
  const { clientId, connectPacket, peer, protocolVersion = 5 } = connection;
  return { clientId, username: connectPacket?.username, protocolVersion, peer };
}

function decisionOf(
  verdict: Verdict,
  refusal: number,
  consent: number = ReasonCode.success,
): BrokerDecision {
  if (typeof verdict === "number") return { reasonCode: verdict };
  // A hook in JavaScript may answer nothing at all: that is no consent.
  if (typeof verdict === "object" && verdict !== null) return verdict;
  return { reasonCode: verdict ? consent : refusal };
}

/** Goes on with a value at once, and with a promise when it resolves. */
function settle<Value, Result>(
  value: Value | Promise<Value>,
  goOn: (value: Value) => Result,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}
