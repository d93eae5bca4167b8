/** An address of which its owner recognises the domain and the first letter: `a***@example.com`. */
export function hideAddress(email: string): string {
  const at = email.lastIndexOf('@');
  const [first = ''] = email.slice(0, at);
  return `${first}***${email.slice(at)}`;
}
