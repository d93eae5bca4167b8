import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { run } from './run-command.test-support.ts';

test('what another server says gives no orders to the terminal', async () => {
  // ESC begins the orders that fill the clipboard and clear the screen; CR writes over a line.
  const said = 'no\x1b]52;c;cm0gLXJmIH4K\x07\x1b[2J\x9b1;1Hsent:\tyes\rno';
  const server = createServer((socket) => {
    socket.on('error', () => {}).write('220 hello\r\n');
    socket.on('data', (line) =>
      socket.write(`${line}`.startsWith('RCPT') ? `550 ${said}\r\n` : '250 ok\r\n'),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const env = { MAIL_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'Shop <a@shop.example>' };
    const { code, out, err } = await run('mail test you@example.com', { env });
    expect(code).toBe(1);
    expect(err).toContain('550 no');
    expect(err).toContain('sent:\t');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may come through.
    expect(out + err).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
  } finally {
    server.close();
  }
});
