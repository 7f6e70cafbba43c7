/** Where the shop serves a stored picture; with `?w=640` no wider than that. */
export const mediaUrl = (mediaId: string): string => `/media/${mediaId}`
