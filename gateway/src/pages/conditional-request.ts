import type { FastifyRequest } from 'fastify';

/** Whether the client's copy is still good: If-None-Match by weak comparison (RFC 9110, section 13.1.2). */
export function isNotModified(request: FastifyRequest, etag: string): boolean {
  const known = request.headers['if-none-match'];
  if (known === undefined) return false;
  return (
    known.trim() === '*' || known.split(',').some((candidate) => strong(candidate.trim()) === strong(etag))
  );
}

function strong(etag: string): string {
  return etag.replace(/^W\//, '');
}
