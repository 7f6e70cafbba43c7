import { hex } from '../palette.ts'
import type { ProductSheet } from '../product-sheet.ts'

const sizes = ['XS', 'S', 'M', 'L', 'XL'] as const

/** What is worn. */
export const wardrobe: readonly ProductSheet[] = [
  {
    number: 601,
    sku: 'SCARF',
    handle: 'lambswool-scarf',
    title: 'Lambswool Scarf',
    vendor: 'Meander Mill',
    origin: 'Lithuania',
    materials: ['Wool'],
    tags: ['scarf', 'wool', 'winter', 'gift'],
    story:
      '<p>Knitted from the first shearing, which is the softest, and brushed once so that it is warm without being fluffy. Long enough to go round twice and still hang.</p><ul><li>30 × 190 cm, fringed</li><li>Lambswool, undyed or dyed in the yarn</li><li>Wash by hand, dry flat</li></ul>',
    seo: {
      title: 'Lambswool Scarf, long enough to go round twice',
      description:
        'A soft lambswool scarf, brushed once and fringed at both ends, long enough to go round twice. Striped or plain, in four colors.',
    },
    price: { EUR: 6900, USD: 6600 },
    weightGrams: 210,
    options: [{ name: 'Color', values: ['Oat', 'Rust', 'Pine', 'Ink'] }],
    stock: 25,
    frame: { place: 'tabletop', tone: 'lilac', y: 396, scale: 1.16 },
    looks: {
      Oat: { motif: 'scarf', look: { wool: hex('Oat'), second: hex('Ink'), figure: 'stripe' } },
      Rust: { motif: 'scarf', look: { wool: hex('Rust'), second: hex('Rust'), figure: 'plain' }, tone: 'oat' },
      Pine: { motif: 'scarf', look: { wool: hex('Pine'), second: '#d9cfb8', figure: 'stripe' }, tone: 'rose' },
      Ink: { motif: 'scarf', look: { wool: hex('Ink'), second: hex('Ink'), figure: 'plain' }, tone: 'sky' },
    },
    scene: {
      alt: 'The striped scarf, close up',
      backdrop: { place: 'tabletop', tone: 'umber' },
      things: [
        {
          motif: 'scarf',
          look: { wool: hex('Oat'), second: hex('Ink'), figure: 'stripe' },
          x: 440,
          y: 400,
          scale: 1.7,
          turn: -16,
        },
      ],
    },
  },
  {
    number: 602,
    sku: 'BEANIE',
    handle: 'harbor-beanie',
    title: 'Harbor Beanie',
    vendor: 'Meander Mill',
    origin: 'Lithuania',
    materials: ['Wool'],
    tags: ['beanie', 'hat', 'wool', 'winter'],
    story:
      '<p>A ribbed cap with a deep cuff, knitted in the round so there is no seam at the back of the head. Wear the cuff once over for wind, twice for the look of it.</p><ul><li>One size, stretches from 54 to 62 cm</li><li>Merino, 2 × 2 rib; machine wash on wool</li></ul>',
    seo: {
      title: 'Harbor Beanie in ribbed merino, knitted in the round',
      description:
        'A seamless ribbed merino beanie with a deep cuff. One size that stretches from 54 to 62 cm, washable on wool, in four colors.',
    },
    price: { EUR: 3900, USD: 3700 },
    weightGrams: 95,
    options: [{ name: 'Color', values: ['Ochre', 'Slate', 'Wine', 'Ink'] }],
    changes: { Wine: { price: { EUR: 2900, USD: 2700 }, was: { EUR: 3900, USD: 3700 } } },
    stock: 31,
    frame: { place: 'tabletop', tone: 'lilac', y: 408, scale: 1.14 },
    looks: {
      Ochre: { motif: 'beanie', look: { wool: hex('Ochre') } },
      Slate: { motif: 'beanie', look: { wool: hex('Slate') }, tone: 'oat' },
      Wine: { motif: 'beanie', look: { wool: '#7a3240' }, tone: 'sky' },
      Ink: { motif: 'beanie', look: { wool: '#33446a' }, tone: 'rose' },
    },
    scene: {
      alt: 'A slate beanie and an ochre one, one on the other',
      backdrop: { place: 'cloth', wood: '#a8774a', linen: '#e9e2d4' },
      things: [
        { motif: 'beanie', look: { wool: hex('Slate') }, x: 470, y: 330, scale: 0.82, turn: 14 },
        { motif: 'beanie', look: { wool: hex('Ochre') }, x: 320, y: 500, scale: 0.82, turn: -12 },
      ],
    },
  },
  {
    number: 603,
    sku: 'CHORE',
    handle: 'masons-chore-jacket',
    title: 'Mason’s Chore Jacket',
    vendor: 'Meander Mill',
    origin: 'Portugal',
    materials: ['Cotton'],
    tags: ['jacket', 'cotton', 'workwear'],
    story:
      '<p>Three pockets, five buttons, no lining. A jacket that has been right since about 1880, cut a little shorter in the body and wider in the sleeve so that it goes over a sweater.</p><p>Stiff when new. It learns.</p><ul><li>Cotton drill, 320 g/m²; corozo buttons</li><li>Straight cut: take your usual size</li><li>Machine wash at 40 °C, fades with grace</li></ul>',
    seo: {
      title: 'Mason’s Chore Jacket in heavy cotton drill',
      description:
        'An unlined chore jacket in heavy cotton drill with three patch pockets and corozo buttons. XS to XL, in ink, olive and oat.',
    },
    price: { EUR: 13900, USD: 12900 },
    weightGrams: 780,
    options: [
      { name: 'Color', values: ['Ink', 'Olive', 'Oat'] },
      { name: 'Size', values: sizes },
    ],
    stock: 14,
    counted: { 'Ink / M': 2, 'Olive / XS': 0, 'Oat / XL': 1 },
    frame: { place: 'tabletop', tone: 'lilac', scale: 1.18 },
    looks: {
      Ink: { motif: 'jacket', look: { cloth: hex('Ink') } },
      Olive: { motif: 'jacket', look: { cloth: hex('Olive') }, tone: 'oat' },
      Oat: { motif: 'jacket', look: { cloth: '#d9c9ab', button: '#5a4030' }, tone: 'sky' },
    },
    scene: {
      alt: 'The olive jacket on a peg rail',
      backdrop: { place: 'rail', tone: 'sand', wood: '#8a5f3c' },
      things: [{ motif: 'jacket', look: { cloth: hex('Olive') }, x: 400, y: 446, scale: 1.1 }],
    },
  },
  {
    number: 604,
    sku: 'SHIRT',
    handle: 'cloister-linen-shirt',
    title: 'Cloister Linen Shirt',
    vendor: 'Meander Mill',
    origin: 'Portugal',
    materials: ['Linen'],
    tags: ['shirt', 'linen', 'summer'],
    story:
      '<p>Linen for warm days: washed before it is cut, so it is soft at once and does not shrink later. A collar that lies down, a pocket that holds reading glasses, buttons of mother-of-pearl.</p><ul><li>Regular or Long, which is 4 cm longer in body and sleeve</li><li>Linen, 165 g/m²</li><li>Machine wash at 40 °C; hang it wet and forget the iron</li></ul>',
    seo: {
      title: 'Cloister Linen Shirt, washed soft, two lengths',
      description:
        'A washed linen shirt with a soft collar and mother-of-pearl buttons, in chalk, sky or a blue stripe. XS to XL, regular or long.',
    },
    price: { EUR: 9800, USD: 9200 },
    weightGrams: 260,
    options: [
      { name: 'Color', values: ['Chalk', 'Sky', 'Sage'] },
      { name: 'Size', values: sizes },
      { name: 'Length', values: ['Regular', 'Long'] },
    ],
    stock: 11,
    counted: { 'Sky / M / Regular': 2, 'Chalk / S / Long': 0, 'Sage / L / Regular': 1 },
    frame: { place: 'tabletop', tone: 'lilac', scale: 1.16 },
    looks: {
      Chalk: { motif: 'shirt', look: { linen: '#f4f0e8', stripe: '#7d97ad' }, tone: 'oat' },
      Sky: { motif: 'shirt', look: { linen: hex('Sky') } },
      Sage: { motif: 'shirt', look: { linen: hex('Sage') }, tone: 'rose' },
    },
    scene: {
      alt: 'The sage shirt, folded, on a warm tabletop',
      backdrop: { place: 'tabletop', tone: 'clay' },
      things: [{ motif: 'shirt', look: { linen: hex('Sage') }, x: 390, y: 400, scale: 1.14, turn: -12 }],
    },
  },
  {
    number: 605,
    sku: 'SWEATER',
    handle: 'lookout-sweater',
    title: 'Lookout Sweater',
    vendor: 'Meander Mill',
    origin: 'Lithuania',
    materials: ['Wool'],
    tags: ['sweater', 'wool', 'winter'],
    story:
      '<p>A crew neck in wool that has kept some of its lanolin, so it sheds drizzle and smells faintly of sheep when wet. Knitted in one piece up to the arms, with nothing to rub under a rucksack strap.</p><ul><li>Highland wool, medium weight</li><li>Cut straight; take a size up to wear over a shirt</li><li>Wash by hand, dry flat, air instead</li></ul>',
    seo: {
      title: 'Lookout Sweater: a crew neck in highland wool',
      description:
        'A crew-neck sweater in highland wool that sheds drizzle, knitted in one piece up to the arms. XS to XL, plain or with a banded yoke.',
    },
    price: { EUR: 14900, USD: 13900 },
    was: { EUR: 17900, USD: 16900 },
    weightGrams: 640,
    options: [
      { name: 'Color', values: ['Oat', 'Pine', 'Wine'] },
      { name: 'Size', values: sizes },
    ],
    stock: 12,
    counted: { 'Pine / L': 3, 'Wine / XS': 0 },
    frame: { place: 'tabletop', tone: 'lilac', scale: 1.18 },
    looks: {
      Oat: { motif: 'sweater', look: { wool: hex('Oat'), yoke: hex('Pine') }, tone: 'sky' },
      Pine: { motif: 'sweater', look: { wool: '#3b6155' } },
      Wine: { motif: 'sweater', look: { wool: '#7a3240', yoke: '#ecdcc4' }, tone: 'oat' },
    },
    scene: {
      alt: 'The oat sweater with its banded yoke, close up',
      backdrop: { place: 'tabletop', tone: 'umber' },
      things: [
        { motif: 'sweater', look: { wool: hex('Oat'), yoke: hex('Pine') }, x: 420, y: 560, scale: 1.9, turn: -9 },
      ],
    },
  },
  {
    number: 606,
    sku: 'SOCK',
    handle: 'sunday-socks',
    title: 'Sunday Socks',
    vendor: 'Meander Mill',
    origin: 'Portugal',
    materials: ['Wool', 'Cotton'],
    tags: ['socks', 'wool', 'gift'],
    story:
      '<p>Thick ribbed socks with the heel and toe in another color, so that they wear out last and are easy to pair. Wool for warmth, cotton so that the machine may have them.</p><ul><li>Sizes 36–40 and 41–46</li><li>60 % wool, 38 % cotton, 2 % elastane</li><li>Machine wash at 40 °C</li></ul>',
    seo: {
      title: 'Sunday Socks: ribbed wool with a second color',
      description:
        'Thick ribbed socks in wool and cotton with heel and toe in a second color. Two sizes, four colors, and they go in the machine at 40 °C.',
    },
    price: { EUR: 1800, USD: 1700 },
    weightGrams: 90,
    options: [
      { name: 'Color', values: ['Ochre', 'Slate', 'Rust', 'Oat'] },
      { name: 'Size', values: ['36–40', '41–46'] },
    ],
    stock: 46,
    frame: { place: 'tabletop', tone: 'lilac', x: 380, y: 404, scale: 1.14 },
    looks: {
      Ochre: { motif: 'socks', look: { wool: hex('Ochre'), toe: hex('Wine') } },
      Slate: { motif: 'socks', look: { wool: hex('Slate'), toe: hex('Ochre') }, tone: 'oat' },
      Rust: { motif: 'socks', look: { wool: hex('Rust'), toe: hex('Slate') }, tone: 'sky' },
      Oat: { motif: 'socks', look: { wool: hex('Oat'), toe: hex('Pine') }, tone: 'rose' },
    },
    scene: {
      alt: 'A pair of ochre socks and a pair of oat ones on a pale rug',
      backdrop: { place: 'cloth', wood: '#8a5f3c', linen: '#e4dccd' },
      things: [
        { motif: 'socks', look: { wool: hex('Oat'), toe: hex('Pine') }, x: 520, y: 380, scale: 0.8, turn: 18 },
        { motif: 'socks', look: { wool: hex('Ochre'), toe: hex('Wine') }, x: 250, y: 430, scale: 0.8, turn: -8 },
      ],
    },
  },
  {
    number: 607,
    sku: 'BELT',
    handle: 'volute-belt',
    title: 'Volute Belt',
    vendor: 'Volute Leather',
    origin: 'Austria',
    materials: ['Leather', 'Brass'],
    tags: ['belt', 'leather', 'brass', 'gift'],
    story:
      '<p>One strip of bridle leather, 3.5 mm thick, with nothing glued to the back of it. The buckle is solid brass and held by two screws, so it can move to the next belt, though that may be your children’s.</p><ul><li>35 mm wide; 85, 95 or 105 cm to the middle hole</li><li>Darkens; likes a little balm once a year</li></ul>',
    seo: {
      title: 'Volute Belt: one strip of bridle leather, brass buckle',
      description:
        'A belt cut from one strip of bridle leather with a solid brass buckle held by screws. 35 mm wide, three lengths, in walnut or soot.',
    },
    price: { EUR: 7200, USD: 6900 },
    weightGrams: 280,
    options: [
      { name: 'Color', values: ['Walnut', 'Soot'] },
      { name: 'Length', values: ['85 cm', '95 cm', '105 cm'] },
    ],
    stock: 18,
    frame: { place: 'studio', tone: 'lilac', x: 396, y: 640, scale: 1.22 },
    looks: {
      Walnut: { motif: 'belt', look: { leather: hex('Walnut') }, tone: 'oat' },
      Soot: { motif: 'belt', look: { leather: '#3d3835', buckle: '#d6b25e' } },
    },
    scene: {
      alt: 'A rolled belt and a straw hat on a shelf',
      backdrop: { place: 'shelf', tone: 'sage', wood: '#a8774a' },
      things: [
        { motif: 'hat', look: { straw: '#dcb877', ribbon: hex('Ink') }, x: 476, y: 604, scale: 0.72 },
        { motif: 'belt', look: { leather: hex('Walnut') }, x: 236, y: 612, scale: 0.56 },
      ],
    },
  },
  {
    number: 608,
    sku: 'SLIP',
    handle: 'hearth-slippers',
    title: 'Hearth Slippers',
    vendor: 'Volute Leather',
    origin: 'Austria',
    materials: ['Wool', 'Leather'],
    tags: ['slippers', 'felt', 'wool', 'winter', 'gift'],
    story:
      '<p>Boiled wool on a suede sole: silent on stairs, warm on tiles and kind to guests. They widen by half a size in the first week and then stay as they are.</p><ul><li>Sizes 36 to 44, two numbers to a size</li><li>Wool felt, suede sole, stitched by hand</li></ul>',
    seo: {
      title: 'Hearth Slippers in boiled wool with a suede sole',
      description:
        'Slippers in boiled wool on a suede sole, stitched by hand: silent on stairs and warm on tiles. Sizes 36 to 44, in three colors.',
    },
    price: { EUR: 6400, USD: 5900 },
    weightGrams: 340,
    options: [
      { name: 'Color', values: ['Slate', 'Oat', 'Rust'] },
      { name: 'Size', values: ['36–37', '38–39', '40–41', '42–44'] },
    ],
    stock: 13,
    counted: { 'Oat / 38–39': 1 },
    frame: { place: 'tabletop', tone: 'lilac', y: 404, scale: 1.14 },
    looks: {
      Slate: { motif: 'slippers', look: { felt: hex('Slate'), stitch: hex('Ochre') } },
      Oat: { motif: 'slippers', look: { felt: hex('Oat'), stitch: hex('Rust'), sole: '#6b4630' }, tone: 'clay' },
      Rust: { motif: 'slippers', look: { felt: hex('Rust'), stitch: '#f0d9b8', sole: '#5a3a26' }, tone: 'oat' },
    },
    scene: {
      alt: 'The rust slippers on a pale rug',
      backdrop: { place: 'cloth', wood: '#a8774a', linen: '#d5d6cc' },
      things: [
        {
          motif: 'slippers',
          look: { felt: hex('Rust'), stitch: '#f0d9b8', sole: '#5a3a26' },
          x: 404,
          y: 404,
          turn: 26,
        },
      ],
    },
  },
  {
    number: 609,
    sku: 'MITT',
    handle: 'winter-walk-mittens',
    title: 'Winter Walk Mittens',
    vendor: 'Meander Mill',
    origin: 'Lithuania',
    materials: ['Wool'],
    tags: ['mittens', 'wool', 'winter', 'gift'],
    story:
      '<p>Two layers of wool with a pattern that takes both, which is why patterned mittens are warmer than plain ones. The cord goes through the sleeves and is not only for children.</p><ul><li>Sizes S, M and L</li><li>Pure wool, doubled; wash by hand</li></ul>',
    seo: {
      title: 'Winter Walk Mittens in doubled wool, on a cord',
      description:
        'Patterned mittens in two layers of wool, joined by a cord that goes through the sleeves. Three sizes, in wine, ink and oat.',
    },
    price: { EUR: 4200, USD: 3900 },
    weightGrams: 120,
    options: [
      { name: 'Color', values: ['Wine', 'Ink', 'Oat'] },
      { name: 'Size', values: ['S', 'M', 'L'] },
    ],
    stock: 16,
    frame: { place: 'tabletop', tone: 'lilac', y: 396, scale: 1.06 },
    looks: {
      Wine: { motif: 'mittens', look: { wool: '#7a3240', figure: '#f1ece2' } },
      Ink: { motif: 'mittens', look: { wool: '#33446a', figure: '#e8d3b0' }, tone: 'oat' },
      Oat: { motif: 'mittens', look: { wool: hex('Oat'), figure: hex('Rust') }, tone: 'sky' },
    },
    scene: {
      alt: 'The ink mittens laid on a cloth',
      backdrop: { place: 'cloth', wood: '#a8774a', linen: '#e9e2d4' },
      things: [
        { motif: 'mittens', look: { wool: '#33446a', figure: '#e8d3b0' }, x: 396, y: 392, scale: 0.98, turn: -12 },
      ],
    },
  },
  {
    number: 610,
    sku: 'WATCH',
    handle: 'sundial-watch',
    title: 'Sundial Watch',
    vendor: 'Cavetto Works',
    origin: 'Germany',
    materials: ['Steel', 'Leather'],
    tags: ['watch', 'steel', 'leather', 'gift'],
    story:
      '<p>A watch with one long mark for noon and no more on its face than it needs. Hand-wound, so it asks for ten seconds of your morning and gives back a day and a half.</p><ul><li>38 mm steel case, sapphire glass, 5 bar</li><li>Hand-wound movement, 40 hours</li><li>20 mm strap, changed without tools</li></ul>',
    seo: {
      title: 'Sundial Watch: hand-wound, 38 mm, with one mark',
      description:
        'A hand-wound steel watch with one long mark for noon and little else on its face. 38 mm, sapphire glass, a leather strap in two colors.',
    },
    price: { EUR: 34900, USD: 32900 },
    weightGrams: 150,
    options: [{ name: 'Strap', values: ['Walnut', 'Soot'] }],
    stock: 6,
    counted: { Soot: 2 },
    frame: { place: 'tabletop', tone: 'lilac', y: 396, scale: 1.14 },
    looks: {
      Walnut: { motif: 'watch', look: { strap: hex('Walnut'), case: '#c3c5c6', dial: hex('Chalk') }, tone: 'sage' },
      Soot: { motif: 'watch', look: { strap: '#3d3835', case: '#c3c5c6', dial: '#2c3550' } },
    },
    scene: {
      alt: 'The walnut watch on a gray cloth',
      backdrop: { place: 'cloth', wood: '#8a5f3c', linen: '#c9ccc8' },
      things: [
        {
          motif: 'watch',
          look: { strap: hex('Walnut'), case: '#c3c5c6', dial: hex('Chalk') },
          x: 400,
          y: 420,
          scale: 1.36,
          turn: -50,
        },
      ],
    },
  },
  {
    number: 611,
    sku: 'HAT',
    handle: 'noon-straw-hat',
    title: 'Noon Straw Hat',
    vendor: 'Meander Mill',
    origin: 'Italy',
    materials: ['Straw'],
    tags: ['hat', 'straw', 'summer', 'sun'],
    story:
      '<p>Plaited from wheat straw in one long spiral from the middle of the crown to the edge of the brim. Light, and wide enough to put your own ears in the shade. Rolls up for a train, not for a suitcase.</p><ul><li>Sizes S (55), M (57), L (59), with a tape inside to adjust</li><li>Steam it over a kettle if it loses its temper</li></ul>',
    seo: {
      title: 'Noon Straw Hat, plaited in one long spiral',
      description:
        'A wide-brimmed hat plaited from wheat straw in one long spiral, with a cotton ribbon. Three sizes with a tape inside to adjust.',
    },
    price: { EUR: 5900, USD: 5600 },
    was: { EUR: 7400, USD: 6900 },
    weightGrams: 140,
    options: [
      { name: 'Ribbon', values: ['Ink', 'Rust', 'Olive'] },
      { name: 'Size', values: ['S', 'M', 'L'] },
    ],
    stock: 10,
    frame: { place: 'studio', tone: 'lilac', x: 396, y: 640, scale: 1.12 },
    looks: {
      Ink: { motif: 'hat', look: { straw: '#dcb877', ribbon: hex('Ink') }, tone: 'sky' },
      Rust: { motif: 'hat', look: { straw: '#dcb877', ribbon: hex('Rust') } },
      Olive: { motif: 'hat', look: { straw: '#dcb877', ribbon: hex('Olive') }, tone: 'clay' },
    },
    scene: {
      alt: 'The straw hat on a wall above the sea',
      backdrop: { place: 'hillside', view: 'sea' },
      things: [{ motif: 'hat', look: { straw: '#dcb877', ribbon: hex('Rust') }, x: 398, y: 646 }],
    },
  },
]
