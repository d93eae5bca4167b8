import { type ProofSet, thumbprintOf } from '@signet/proof';

/** Who holds which keys, for a terminal: thumbprints, as key ids in Signature-Input have them. Nothing of it is secret. */
export function formatProofTable({ keyFiles, peers }: ProofSet): string {
  const width = Math.max(...Object.keys(keyFiles).map((name) => name.length));
  return Object.entries(keyFiles)
    .flatMap(([name, { keys, rotation }]) => {
      const role = peers.peers[name]?.entrance ? 'entrance' : 'subgraph';
      const second = rotation?.step === 'published' ? 'next' : 'last';
      return keys.map(({ x }, index) => {
        const since = rotation && index === 1 ? `, ${rotation.step} ${rotation.at.slice(0, 19)}Z` : '';
        const label = (index === 0 ? name : '').padEnd(width);
        return `  ${label}  ${index === 0 ? role : '        '}  ${thumbprintOf(x)}  ${index === 0 ? 'in use' : second}${since}`;
      });
    })
    .join('\n');
}
