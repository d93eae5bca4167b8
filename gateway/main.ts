// `node gateway/main.ts` starts the gateway too. It takes a little longer, since Node first loads what reads TypeScript.
await import(new URL('./main.mjs', import.meta.url).href);
