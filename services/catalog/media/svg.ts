import sanitizeHtml from 'sanitize-html'

const words = (text: string): string[] => text.split(/\s+/).filter(Boolean)

/** What draws. Not among them: script, style sheets, animation (it can set links), foreign content, links, pictures inside. */
const elements = words(`
  svg g defs symbol use title desc path rect circle ellipse line polyline polygon text tspan textPath marker
  linearGradient radialGradient stop pattern clipPath mask filter
  feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap
  feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology
  feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence`)

/** Presentation attributes (SVG 2, section 6.6), which may also stand in `style`. */
const presentation = words(`
  alignment-baseline baseline-shift clip-path clip-rule color color-interpolation color-interpolation-filters
  direction display dominant-baseline fill fill-opacity fill-rule filter flood-color flood-opacity font-family font-size
  font-size-adjust font-stretch font-style font-variant font-weight image-rendering isolation letter-spacing lighting-color
  marker-end marker-mid marker-start mask mask-type mix-blend-mode opacity overflow paint-order shape-rendering
  stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit
  stroke-opacity stroke-width text-anchor text-decoration text-rendering transform transform-origin vector-effect visibility
  word-spacing writing-mode`)

const attributes = words(`
  id class style role aria-label aria-hidden aria-labelledby aria-describedby lang xml:lang xml:space
  x y x1 y1 x2 y2 cx cy r rx ry fx fy fr d points pathLength width height viewBox preserveAspectRatio version
  href xlink:href dx dy rotate textLength lengthAdjust startOffset method spacing side
  gradientUnits gradientTransform spreadMethod offset patternUnits patternContentUnits patternTransform
  clipPathUnits maskUnits maskContentUnits filterUnits primitiveUnits
  refX refY markerUnits markerWidth markerHeight orient
  in in2 result mode type values tableValues slope intercept amplitude exponent operator k1 k2 k3 k4 order kernelMatrix
  divisor bias targetX targetY edgeMode kernelUnitLength preserveAlpha surfaceScale diffuseConstant specularConstant
  specularExponent limitingConeAngle scale xChannelSelector yChannelSelector azimuth elevation pointsAtX pointsAtY
  pointsAtZ z stdDeviation radius baseFrequency numOctaves seed stitchTiles`)

const namespaces = { xmlns: 'http://www.w3.org/2000/svg', 'xmlns:xlink': 'http://www.w3.org/1999/xlink' } as const

const properties = new Set(presentation)
const functions = new Set(
  words('rgb rgba hsl hsla matrix translate translateX translateY scale scaleX scaleY rotate skewX skewY'),
)
const fragment = /^#[\w.:-]+$/
const localUrl = /url\(\s*(["']?)#[\w.:-]+\1\s*\)/g

/** More is no picture of a product, and browsers take their time over it. */
const elementsAtMost = 20_000
const nestingAtMost = 100

/**
 * Cleans a drawing to what draws: elements and attributes that are listed, references within the drawing only. What it
 * looks like stays.
 * @returns the drawing, or null when it is none
 */
export function cleanSvg(text: string): string | null {
  let count = 0
  let depth = 0
  let wrongRoot = false
  const cleaned = sanitizeHtml(text.replace(/^\ufeff/, ''), {
    allowedTags: elements,
    allowedAttributes: { '*': [...attributes, ...presentation, ...Object.keys(namespaces)] },
    allowedSchemesAppliedToAttributes: [],
    nonTextTags: words('script style foreignObject metadata iframe html body audio video object embed switch'),
    nonBooleanAttributes: [],
    selfClosing: [],
    parseStyleAttributes: false,
    enforceHtmlBoundary: false,
    nestingLimit: nestingAtMost,
    parser: { xmlMode: true, decodeEntities: true, lowerCaseTags: false, lowerCaseAttributeNames: false },
    transformTags: { '*': (tagName, attribs) => ({ tagName, attribs: cleanAttributes(tagName, attribs) }) },
    onOpenTag: (name) => {
      count += 1
      if (depth === 0 && (name !== 'svg' || count > 1)) wrongRoot = true
      depth += 1
    },
    onCloseTag: () => {
      depth -= 1
    },
  }).trim()
  if (wrongRoot || count === 0 || count > elementsAtMost || !/^<svg[\s>]/.test(cleaned)) return null
  return cleaned.replace(/<(\w+)([^<>]*)><\/\1>/g, '<$1$2/>')
}

function cleanAttributes(tagName: string, attribs: sanitizeHtml.Attributes): sanitizeHtml.Attributes {
  const kept = Object.entries(attribs).flatMap(([name, value]): [string, string][] => {
    if (name in namespaces) return []
    if (name === 'href' || name === 'xlink:href') return fragment.test(value.trim()) ? [[name, value.trim()]] : []
    if (name === 'style') {
      const style = cleanStyle(value)
      return style === '' ? [] : [[name, style]]
    }
    if (name.startsWith('aria-')) return [[name, value]]
    return isHarmless(value) ? [[name, value]] : []
  })
  const used = tagName === 'svg' ? Object.entries(namespaces) : []
  return Object.fromEntries([...used, ...kept])
}

const cleanStyle = (style: string): string =>
  style
    .split(';')
    .map((declaration) => declaration.trim())
    .filter((declaration) => {
      const [property = '', ...value] = declaration.split(':')
      return properties.has(property.trim()) && isHarmless(value.join(':'))
    })
    .join(';')

/** Whether a value calls nothing but colors, transformations and parts of this drawing, and escapes nothing. */
function isHarmless(value: string): boolean {
  const rest = value.replaceAll(localUrl, ' ')
  if (/[\\@<]|\/\*|:\/\/|(?:java|vb)script\s*:|data\s*:/i.test(rest)) return false
  return rest.matchAll(/([\w-]+)\s*\(/g).every(([, name]) => functions.has(name ?? ''))
}
