// A program: the operations of a graph in order, as `kerasae.living.Program` wrote them.
const bytesOf = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer;
const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%/()*+-;,=.?@^_`{|}~";
const unpacked = async text => {
  // Five letters are a word; the last one may lack some of its bytes.
  const words = Math.ceil(text.length / 5), lacking = 5 * words - text.length, whole = text + "~".repeat(lacking);
  const values = new Uint8Array(128), bytes = new DataView(new ArrayBuffer(4 * words));
  [...LETTERS].forEach((letter, value) => { values[letter.charCodeAt(0)] = value; });
  for (let word = 0; word < words; word++) {
    let value = 0;
    for (let place = 5 * word; place < 5 * word + 5; place++) value = 85 * value + values[whole.charCodeAt(place)];
    bytes.setUint32(4 * word, value);
  }
  const stream = new Blob([bytes.buffer.slice(0, 4 * words - lacking)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

class Program {
  static async read({ nodes, outputs, constants }) {
    const planes = await unpacked(constants), words = planes.length / 4, bytes = new Uint8Array(planes.length);
    for (let plane = 0; plane < 4; plane++) {
      for (let word = 0; word < words; word++) bytes[4 * word + plane] = planes[plane * words + word];
    }
    return new Program(JSON.parse(new TextDecoder().decode(await unpacked(nodes))), outputs, bytes.buffer);
  }

  // Constants, and what follows from them alone, are computed once.
  constructor(nodes, outputs, constants) {
    this.nodes = nodes;
    this.outputs = outputs;
    this.values = new Array(nodes.length);
    this.moving = new Array(nodes.length).fill(false);
    nodes.forEach((node, place) => {
      const [name, ...rest] = node;
      if (name === "Input") {
        this.moving[place] = true;
      } else if (name === "Const") {
        const [type, shape, start] = rest;
        this.values[place] = tensor(type, shape, new ARRAYS[type](constants, start, sizeOf(shape)));
      } else {
        this.moving[place] = rest[0].some(of => this.moving[Array.isArray(of) ? of[0] : of]);
        if (!this.moving[place]) this.compute(place);
      }
    });
  }

  // Inputs are tensors by name, and so are the outputs.
  run(inputs) {
    this.nodes.forEach((node, place) => {
      if (node[0] === "Input") this.values[place] = inputs[node[1]];
      else if (this.moving[place]) this.compute(place);
    });
    return Object.fromEntries(Object.entries(this.outputs).map(([name, of]) => [name, this.value(of)]));
  }

  compute(place) {
    const [name, inputs, attributes = {}] = this.nodes[place];
    this.values[place] = OPERATIONS[name](inputs.map(of => this.value(of)), attributes);
  }

  value(of) {
    const [place, output] = Array.isArray(of) ? of : [of, 0], value = this.values[place];
    return Array.isArray(value) ? value[output] : value;
  }
}

// Greatest difference of two lists of numbers, as a share of the greatest of the second one, which is at least `least`.
const difference = (found, wanted, least = 1e-30) => {
  let most = 0, greatest = least;
  for (let place = 0; place < wanted.length; place++) {
    const [one, other] = [found[place], wanted[place]];
    if (Number.isNaN(one) && Number.isNaN(other)) continue;
    const apart = Math.abs(one - other);
    most = Math.max(most, Number.isNaN(apart) ? Infinity : apart);
    greatest = Math.max(greatest, Math.abs(other));
  }
  return found.length === wanted.length ? most / greatest : Infinity;
};

// Largest difference from the numbers of Python with which a page still answers.
const TOLERANCE = 1e-5;
