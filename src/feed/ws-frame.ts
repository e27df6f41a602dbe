/** Websocket framing (RFC 6455 §5.2) for what a server sends: unmasked, unfragmented text. */

/** Puts each text into a frame of its own and all frames into one buffer, so that many texts cost one write per socket. */
export function encodeTextFrames(texts: readonly string[]): Buffer {
  const sizes = texts.map((text) => Buffer.byteLength(text));
  const total = sizes.reduce((sum, size) => sum + headerBytes(size) + size, 0);
  const buffer = Buffer.allocUnsafe(total);
  let offset = 0;
  for (const [index, text] of texts.entries()) {
    const size = sizes[index] ?? 0;
    offset = writeHeader(buffer, offset, size);
    offset += buffer.write(text, offset, size, 'utf8');
  }
  return buffer;
}

/** FIN and the opcode of a text frame. */
const finalText = 0x81;

function headerBytes(size: number): number {
  if (size < 126) return 2;
  return size < 65_536 ? 4 : 10;
}

function writeHeader(buffer: Buffer, offset: number, size: number): number {
  buffer[offset] = finalText;
  if (size < 126) return buffer.writeUInt8(size, offset + 1);
  if (size < 65_536) {
    buffer[offset + 1] = 126;
    return buffer.writeUInt16BE(size, offset + 2);
  }
  buffer[offset + 1] = 127;
  return buffer.writeBigUInt64BE(BigInt(size), offset + 2);
}
