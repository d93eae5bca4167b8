import { parse } from 'graphql';
import { composeServices } from '@theguild/federation-composition';
import { generateWorld } from './generate-world.ts';
import { createRandom, hashText } from './random.ts';
import { writeSubgraphSdl } from './world-sdl.ts';
const errs = new Map<string, number>(); let ok=0, bad=0; const t=performance.now();
for (let i=0;i<100;i++){ const w=generateWorld(createRandom(hashText(`world ${i}`)));
 try { const r=composeServices(w.subgraphs.map(name=>({name,url:'http://x.invalid',sdl:writeSubgraphSdl(w,name)})).filter(s=>s.sdl.includes('type ')).map(({name,url,sdl})=>({name,url,typeDefs:parse(sdl)})));
 if(r.supergraphSdl) ok++; else {bad++; for(const e of new Set((r.errors??[]).map(e=>String((e.extensions as any)?.code)+': '+e.message.replace(/"[^"]*"/g,'"…"').slice(0,110)))) errs.set(e,(errs.get(e)??0)+1);} } catch(e){bad++; const m=(e as Error).message.slice(0,100); errs.set(m,(errs.get(m)??0)+1);} }
console.log(ok,bad,(performance.now()-t)/100); for(const [m,n] of [...errs].sort((a,b)=>b[1]-a[1])) console.log(n,m);
