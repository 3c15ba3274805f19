// A signal of which a test sees who has left something on it.

/** A signal that knows how many listen to it. */
export function countingSignal(): { signal: AbortSignal; listeners(): number } {
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ) => {
    listeners.add(listener);
    addEventListener.call(signal, type, listener, options);
  };
  signal.removeEventListener = (
    type: string,
    listener: EventListenerOrEventListenerObject,
  ) => {
    listeners.delete(listener);
    removeEventListener.call(signal, type, listener);
  };
  return { signal, listeners: () => listeners.size };
}
