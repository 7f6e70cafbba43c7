/** The part of autocannon that the figures use; the package carries no types of its own. */
declare module 'autocannon' {
  type Result = { readonly requests: { readonly average: number }; readonly non2xx: number; readonly errors: number }
  export default function autocannon(options: { url: string; connections: number; duration: number }): Promise<Result>
}
