// The door to npm's ws, on which most WebSocket servers of Node stand: a peer by another hand.
// @ts-types="./ws.d.ts"
export * from "npm:ws@8.23.0";
