/** Bytes as an RFB server writes them, for the tests. */
export class Writer {
  private readonly bytes: number[] = [];

  u8(...values: number[]): this {
    this.bytes.push(...values);
    return this;
  }

  u16(...values: number[]): this {
    values.forEach(value => this.u8((value >> 8) & 255, value & 255));
    return this;
  }

  u32(...values: number[]): this {
    values.forEach(value => this.u16((value >>> 16) & 0xffff, value & 0xffff));
    return this;
  }

  zeros(count: number): this {
    for (let n = 0; n < count; n++) {
      this.bytes.push(0);
    }
    return this;
  }

  rect(
    x: number,
    y: number,
    width: number,
    height: number,
    encoding: number
  ): this {
    return this.u16(x, y, width, height).u32(encoding);
  }

  done(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }
}

/** What comes before the first message: a desktop of 1600 x 900, "main". */
export function greeting(): Writer {
  return new Writer()
    .u8(...new TextEncoder().encode('RFB 003.008\n'))
    .u8(1, 1)
    .u32(0)
    .u16(1600, 900)
    .zeros(16)
    .u32(4)
    .u8(...new TextEncoder().encode('main'));
}
