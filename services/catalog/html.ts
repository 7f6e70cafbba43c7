import sanitizeHtml from 'sanitize-html'

/** Deeper nesting is no description of a product, and browsers take their time over it. */
const nestingAtMost = 60

const words = (text: string): string[] => text.split(/\s+/).filter(Boolean)

const options: sanitizeHtml.IOptions = {
  allowedTags: words(`
    h1 h2 h3 h4 h5 h6 p br hr div span blockquote pre ul ol li dl dt dd figure figcaption details summary
    table caption colgroup col thead tbody tfoot tr th td
    a img b strong i em u s del ins sub sup small mark code kbd samp q cite abbr time`),
  allowedAttributes: {
    '*': ['lang', 'dir', 'title'],
    a: ['href', 'rel'],
    img: ['src', 'alt', 'width', 'height', 'loading'],
    ol: ['start', 'reversed', 'type'],
    col: ['span'],
    colgroup: ['span'],
    th: ['colspan', 'rowspan', 'scope'],
    td: ['colspan', 'rowspan'],
    time: ['datetime'],
    details: ['open'],
  },
  allowedSchemes: ['https', 'http', 'mailto', 'tel'],
  // Pictures of http would be blocked on a shop served over TLS, and a relative address points nowhere we know of.
  allowedSchemesByTag: { img: ['https'] },
  allowProtocolRelative: false,
  nestingLimit: nestingAtMost,
  // What stands in these is no text for readers.
  nonTextTags: words('script style textarea option xmp iframe noscript noembed noframes template title'),
  // A description that begins with <html> keeps what stands before and after it.
  enforceHtmlBoundary: false,
  transformTags: {
    a: (tagName, { rel: _, ...attribs }) => ({
      tagName,
      attribs: 'href' in attribs ? { ...attribs, rel: 'noopener noreferrer' } : attribs,
    }),
    img: (tagName, attribs) => ({ tagName, attribs: { ...attribs, loading: 'lazy' } }),
  },
  exclusiveFilter: ({ tag, attribs }) => tag === 'img' && !/^https:\/\//i.test(attribs.src ?? ''),
}

/** Headings and paragraphs of plain text, as most descriptions are: there is nothing to clean in what has no other marks. */
const plainParagraphs = /^[^<>&]*(?:<(p|h[1-6])>[^<>&]*<\/\1>[^<>&]*)*$/

/** Dropping one broken tag can change how the next is read; what is not at rest after this many rounds is no description. */
const roundsAtMost = 5

/**
 * Cleans a description so that it can be shown as it is: headings, lists, tables, links and pictures stay; scripts, styles,
 * event handlers, forms and frames go. Cleaning what is clean changes nothing.
 */
export function cleanHtml(html: string): string {
  let text = cleanText(html)
  for (let round = 0; round < roundsAtMost; round++) {
    if (plainParagraphs.test(text)) return text
    const cleaned = sanitizeHtml(text, options)
    if (cleaned === text) return text
    text = cleaned
  }
  return sanitizeHtml(text, { allowedTags: [], allowedAttributes: {} })
}

/** Characters that no text needs and some stores refuse: control characters but tab and line ends, and half surrogates. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const unprintable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g

/** A text without characters that would break somewhere later. */
export const cleanText = (text: string): string => text.toWellFormed().replace(unprintable, '')
