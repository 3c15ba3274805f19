/**
 * Where the attempts to connect go: one URL after the other, or where a server has sent us.
 *
 * @module
 */
import type { Transport } from "../transport/wire.ts";
import { ask, type Asked, isAsked } from "./asked.ts";
import { parseTarget, type Target } from "./url.ts";
import type { WireOptions } from "./wire_options.ts";
import { loadEveryWire, transportTo } from "./wires.ts";

/** A URL, a function that is asked for it at each attempt, or several URLs to be tried in turn. */
export type ServerUrl = Asked<string | URL> | readonly (string | URL)[];

/** What the wires of all servers have in common. */
export interface ServersOptions extends WireOptions {
  /** A wire of one's own in place of the URL's. */
  readonly transport?: Transport;
}

/** Where one attempt goes. */
export interface Server extends Target {
  /** How a wire to it is had. */
  readonly transport: Transport;
  /** Whether the URL leads to a host without TLS. */
  readonly isPlain: boolean;
}

/** How long a server wants us to go elsewhere: Use another server (0x9C), or Server moved (0x9D). */
export type Redirection = "once" | "for good";

/** A URL, and its place among the URLs, or the place of the one that led there. */
interface Way {
  readonly url: string | URL;
  readonly place: number;
}

/** Knows which server is the next one. */
export class Servers {
  readonly #options: ServersOptions;
  readonly #urls: (string | URL)[];
  readonly #addresses: readonly string[] | undefined;
  #askedUrl: Asked<string | URL> | undefined;
  #next = 0;
  /** That of the attempt that was made last. */
  #last: Way | undefined;
  #detour: Way | undefined;

  /** Throws a TypeError for a URL that cannot be read, or that the options do not go with. */
  constructor(url: ServerUrl, options: ServersOptions) {
    this.#options = options;
    this.#askedUrl = isAsked(url) ? url : undefined;
    this.#urls = isAsked(url) ? [] : Array.isArray(url) ? [...url] : [url];
    if (!isAsked(url) && this.#urls.length === 0) {
      throw new TypeError("Cannot connect: there must be at least one URL");
    }
    const addresses = this.#urls.map((each) => this.#parse(each).address);
    this.#addresses = isAsked(url) ? undefined : addresses;
    if (isAsked(url) && options.transport === undefined) void loadEveryWire();
  }

  /** Whether a function is asked where to go. */
  get isAsked(): boolean {
    return this.#askedUrl !== undefined;
  }

  /** How many attempts it takes to have tried them all. */
  get count(): number {
    return Math.max(1, this.#urls.length);
  }

  /** The addresses of all servers; undefined where a function is asked for them. */
  get addresses(): readonly string[] | undefined {
    return this.#addresses;
  }

  /** The address of ours by which the last attempt went, wherever a server has sent it from there. */
  get home(): string {
    const { url = "", place = 0 } = this.#last ?? {};
    return this.#addresses?.[place] ?? this.#parse(url).address;
  }

  /** Where the next attempt goes. */
  async next(signal: AbortSignal): Promise<Server> {
    const detour = this.#detour;
    this.#detour = undefined;
    const way = detour ?? await this.#inTurn(signal);
    // A function may answer when nobody waits for it any more.
    signal.throwIfAborted();
    this.#last = way;
    return this.#parse(way.url);
  }

  /**
   * The server of the last attempt has sent us elsewhere (4.11). False where it does not say where in a form that
   * we understand, or where no wire leads there.
   */
  follow(reference: string, how: Redirection): boolean {
    if (this.#last === undefined || this.#options.transport !== undefined) {
      return false;
    }
    const { place } = this.#last;
    const url = referredUrl(this.#last.url, reference);
    if (url === undefined || !this.#isReachable(url)) return false;
    this.#detour = { url, place };
    if (how === "for good") {
      this.#urls[place] = url;
      this.#askedUrl = undefined;
    }
    return true;
  }

  async #inTurn(signal: AbortSignal): Promise<Way> {
    if (this.#askedUrl !== undefined) {
      return { url: await ask("url", this.#askedUrl, signal), place: 0 };
    }
    const place = this.#next++ % this.count;
    const url = this.#urls[place];
    if (url === undefined) throw new TypeError("Cannot connect: no URL");
    return { url, place };
  }

  /** What a server names need not be the name of a host, or a port that there is. */
  #isReachable(url: URL): boolean {
    try {
      this.#parse(url);
      return true;
    } catch {
      return false;
    }
  }

  /** The URL's own wire is of no interest where there is one of the caller's. */
  #parse(url: string | URL): Server {
    const { transport } = this.#options;
    if (transport !== undefined) {
      return { ...parseTarget(url), transport, isPlain: false };
    }
    const target = parseTarget(url, this.#options);
    const { endpoint } = target;
    return {
      ...target,
      transport: transportTo(endpoint, this.#options),
      isPlain: endpoint.type === "host" && !endpoint.hasTls,
    };
  }
}

/** A name or an address, and maybe a port: the form that 4.11 recommends. */
const REFERENCE = /^(\[[0-9A-Fa-f:.]+\]|[^\s:/@?#[\]]+)(:\d{1,5})?$/;

/**
 * Where a Server Reference leads to from a URL: it names hosts and ports, and no other way to go there, so that a
 * server cannot lead us away from TLS. The first that can be read counts.
 */
export function referredUrl(
  from: string | URL,
  reference: string,
): URL | undefined {
  const { protocol, username, password, pathname, search } = new URL(from);
  if (protocol === "unix:") return undefined;
  const host = reference.split(" ").find((each) => REFERENCE.test(each));
  if (host === undefined) return undefined;
  const secret = password === "" ? "" : `:${password}`;
  const user = username + secret === "" ? "" : `${username}${secret}@`;
  return URL.parse(`${protocol}//${user}${host}${pathname}${search}`) ??
    undefined;
}
