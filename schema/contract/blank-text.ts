/**
 * Characters that show nothing: white space, controls, what fonts leave out (zero-width characters, fillers, tags), and the
 * Braille pattern without dots.
 */
const nothing = /^[\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*$/u;

/** True for a text in which a reader sees nothing: as a name it is none. */
export function isBlank(text: string): boolean {
  return nothing.test(text);
}
