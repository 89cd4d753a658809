/** A number as Envoy prints quantiles: the shortest form that reads back the same, `nan` for none. */
export function formatShortest(value: number): string {
  return Number.isNaN(value) ? "nan" : String(value);
}

/** A number as C's `%g` prints it (six digits), as Envoy prints bucket bounds: 0.5, 600000, 1.8e+06. */
export function formatGeneral(value: number): string {
  if (value === 0) return "0";
  const [mantissa, exponent] = value.toExponential(5).split("e") as [string, string];
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(Number(value.toPrecision(6)));
  const digits = Math.abs(power).toString().padStart(2, "0");
  return `${Number(mantissa)}e${power < 0 ? "-" : "+"}${digits}`;
}
