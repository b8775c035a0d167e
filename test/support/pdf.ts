/** A page whose only word is drawn by a form that draws the next one `fan` times, `depth` forms deep: a few bytes that take for ever. */
export function doublingPdf(depth: number, fan: number): Buffer {
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources << /XObject << /F 6 0 R >> >> >>',
    '<< /Length 5 >>\nstream\n/F Do\nendstream',
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    ...Array.from({ length: depth }, (_, i) => {
      const last = i === depth - 1;
      const content = last ? 'BT /T 9 Tf 10 10 Td (boom) Tj ET' : '/F Do '.repeat(fan);
      const resources = last ? '/Font << /T 5 0 R >>' : `/XObject << /F ${7 + i} 0 R >>`;
      return `<< /Type /XObject /Subtype /Form /BBox [0 0 200 200] /Resources << ${resources} >> /Length ${content.length} >>\nstream\n${content}\nendstream`;
    }),
  ];
  return pdf(objects);
}

/** A PDF of these objects, the first of which is its catalogue. */
export function pdf(objects: readonly string[]): Buffer {
  let body = '%PDF-1.4\n';
  const offsets = objects.map((object, i) => {
    const at = body.length;
    body += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const table = offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  return Buffer.from(
    `${body}xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`,
    'latin1',
  );
}
