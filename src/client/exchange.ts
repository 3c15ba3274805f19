/**
 * Enhanced authentication as the program sees it (MQTT 5, chapter 4.12): one conversation with the server,
 * held by a generator.
 *
 * @module
 */
import { NO_PROPERTIES } from "../codec/packet.ts";
import type { AuthProperties, ConnectProperties } from "../codec/property.ts";
import { ConnectError, MqttError } from "../errors.ts";
import { isBuffer, type Payload, payloadBytes } from "./payload.ts";

/** What an exchange is about. */
export interface AuthenticationRequest {
  /** The Authentication Method of CONNECT. */
  readonly authenticationMethod: string;
  /** Whether a connection begins with it, or one that there is goes on under new credentials. */
  readonly step: "connect" | "reauthenticate";
  /** Fires when the exchange is of no more use. */
  readonly signal: AbortSignal;
}

/** What the server has said in an exchange: in AUTH, or in the CONNACK that ends it. */
export interface AuthenticationAnswer {
  /** Its Authentication Data. */
  readonly data: Uint8Array | undefined;
  /** Whether the server is content, and awaits nothing more. */
  readonly isEnd: boolean;
  /** All that came with it. */
  readonly properties: AuthProperties;
}

/** What is said to the server: Authentication Data, nothing, or AUTH's properties with it. */
export type AuthenticationData =
  | Payload
  | undefined
  | Omit<AuthProperties, "authenticationMethod">;

/**
 * Holds an exchange of Authentication Data with the server; it is called anew for each. What it yields is sent,
 * the first in CONNECT, or in AUTH where the client authenticates anew; `yield` gives what the server has
 * answered. It returns when it has the answer that `isEnd`, and is content with it. Where it throws, the
 * connection ends; so it does where one side is content and the other is not.
 */
export type Authenticate = (
  request: AuthenticationRequest,
) => AsyncGenerator<AuthenticationData, void, AuthenticationAnswer>;

type Step = IteratorResult<AuthenticationData, void>;

/** One call of the program's function. */
export class Exchange {
  readonly #abort = new AbortController();
  readonly #call: () => ReturnType<Authenticate>;
  #steps: ReturnType<Authenticate> | undefined;

  /** Makes an exchange in which nothing is asked for yet. */
  constructor(
    authenticate: Authenticate,
    request: Omit<AuthenticationRequest, "signal">,
  ) {
    const { signal } = this.#abort;
    this.#call = () => authenticate({ ...request, signal });
  }

  /** What is said first. */
  async begin(): Promise<AuthProperties> {
    const { value } = await this.#next();
    return propertiesOf(value ?? undefined);
  }

  /** What is said to an answer with which the server wants to know more. */
  async goOn(properties: AuthProperties): Promise<AuthProperties> {
    const { authenticationData: data } = properties;
    const { done, value } = await this.#next({
      data,
      isEnd: false,
      properties,
    });
    if (!done) return propertiesOf(value);
    throw new MqttError("the server wants more than the function has to say");
  }

  /** The server is content: resolves where we are as well. */
  async end(properties: AuthProperties): Promise<void> {
    const { authenticationData: data } = properties;
    const { done } = await this.#next({ data, isEnd: true, properties });
    if (done) return;
    throw new MqttError("the server has ended the exchange too early");
  }

  /** Nobody waits for it any more. */
  drop(): void {
    this.#abort.abort();
    void this.#leave();
  }

  async #leave(): Promise<void> {
    try {
      await this.#steps?.return();
    } catch {
      // What it does on its way out is its own.
    }
  }

  /** The generator's next step; what it throws is the cause of an MqttError. */
  async #next(...answer: [] | [AuthenticationAnswer]): Promise<Step> {
    try {
      this.#abort.signal.throwIfAborted();
      this.#steps ??= this.#call();
      return await this.#steps.next(...answer);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new MqttError(
        `the function for authenticate has failed: ${why}`,
        { cause },
      );
    }
  }
}

/** Throws a TypeError where options that belong together do not fit. */
export function checkAuthenticate(
  { authenticate, properties = {} }: {
    readonly authenticate?: Authenticate;
    readonly properties?: ConnectProperties;
  },
): void {
  const { authenticationMethod, authenticationData } = properties;
  if (authenticationData !== undefined && authenticationMethod === undefined) {
    throw new TypeError(
      "Cannot connect: properties.authenticationData needs properties.authenticationMethod (3.1.2.11.10)",
    );
  }
  if (authenticate === undefined) return;
  if (typeof authenticate !== "function") {
    throw new TypeError("Cannot connect: authenticate must be a function");
  }
  if (authenticationMethod === undefined) {
    throw new TypeError(
      "Cannot connect: authenticate needs properties.authenticationMethod",
    );
  }
  if (authenticationData !== undefined) {
    throw new TypeError(
      "Cannot connect: authenticate yields what properties.authenticationData would say",
    );
  }
}

/** What is said in CONNECT. A function that throws makes a ConnectError: the attempt has failed, and another may not. */
export async function beginExchange(
  exchange: Exchange | undefined,
  signal: AbortSignal,
): Promise<AuthProperties> {
  if (exchange === undefined) return NO_PROPERTIES;
  signal.addEventListener("abort", () => exchange.drop(), { once: true });
  if (signal.aborted) exchange.drop();
  try {
    return await exchange.begin();
  } catch (error) {
    if (!(error instanceof MqttError)) throw error;
    const { message, cause } = error;
    throw new ConnectError(`Cannot connect: ${message}`, { cause });
  }
}

function propertiesOf(data: AuthenticationData): AuthProperties {
  if (data === undefined) return {};
  // The function may reuse its buffer while the properties wait to be written.
  return typeof data === "string" || isBuffer(data)
    ? { authenticationData: payloadBytes(data).slice() }
    : data;
}
