// Operations of a program, by their names in TensorFlow. A tensor is { type, shape, data }: `f` float32, `d`
// float64, `i` integers, `b` booleans. Sums are added up in float64 and rounded to the type at the end.
const ARRAYS = { f: Float32Array, d: Float64Array, i: Int32Array, b: Uint8Array };
const sizeOf = shape => shape.reduce((one, other) => one * other, 1);
const tensor = (type, shape, data = new ARRAYS[type](sizeOf(shape))) => ({ type, shape, data });

// Distance in the data of two neighbours on each axis.
const stepsOf = shape => {
  const steps = new Array(shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; step *= shape[axis--]) steps[axis] = step;
  return steps;
};

// Calls a function with each place of a shape in order, and with its place in data with other steps.
const walk = (shape, steps, start, visit) => {
  const index = new Array(shape.length).fill(0), count = sizeOf(shape);
  for (let place = 0, other = start; place < count; place++) {
    visit(place, other);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      other += steps[axis];
      if (++index[axis] < shape[axis]) break;
      other -= steps[axis] * shape[axis];
      index[axis] = 0;
    }
  }
};

const view = (x, shape, steps, start = 0) => {
  const made = tensor(x.type, shape);
  walk(shape, steps, start, (to, from) => { made.data[to] = x.data[from]; });
  return made;
};

const jointShape = (...shapes) => {
  const rank = Math.max(...shapes.map(shape => shape.length));
  return Array.from({ length: rank }, (_, axis) => shapes.reduce((found, shape) => {
    const size = shape[axis - rank + shape.length] ?? 1;
    return size === 1 ? found : size;
  }, 1));
};

const broadcast = (x, shape) => {
  const before = shape.length - x.shape.length, steps = stepsOf(x.shape);
  if (!before && shape.every((size, axis) => size === x.shape[axis])) return x;
  return view(x, shape, shape.map((_, axis) => axis < before || x.shape[axis - before] === 1 ? 0 : steps[axis - before]));
};

const axisOf = (axis, rank) => axis < 0 ? axis + rank : axis;
const integersOf = x => [...x.data];

const each = (compute, type) => ([x]) => {
  const made = tensor(type ?? x.type, x.shape);
  x.data.forEach((value, place) => { made.data[place] = compute(value); });
  return made;
};

const both = (compute, type) => ([one, other]) => {
  const shape = jointShape(one.shape, other.shape), made = tensor(type ?? one.type, shape);
  const [first, second] = [broadcast(one, shape).data, broadcast(other, shape).data];
  for (let place = 0; place < made.data.length; place++) made.data[place] = compute(first[place], second[place]);
  return made;
};

const reduce = (start, add, end = total => total) => ([x, axes], { keep_dims }) => {
  const over = new Set(integersOf(axes).map(axis => axisOf(axis, x.shape.length)));
  const kept = x.shape.map((size, axis) => over.has(axis) ? 1 : size);
  const steps = stepsOf(kept).map((step, axis) => over.has(axis) ? 0 : step);
  const totals = new Float64Array(sizeOf(kept)).fill(start);
  walk(x.shape, steps, 0, (from, to) => { totals[to] = add(totals[to], x.data[from]); });
  const shape = keep_dims ? kept : kept.filter((_, axis) => !over.has(axis));
  const made = tensor(x.type, shape);
  totals.forEach((total, place) => { made.data[place] = end(total, x.data.length / totals.length); });
  return made;
};

// Applies a function to each row along the last axis: from the numbers of a row to the numbers of a new one.
const alongLast = compute => ([x]) => {
  const length = x.shape.at(-1), made = tensor(x.type, x.shape);
  for (let start = 0; start < x.data.length; start += length) {
    made.data.set(compute(Float64Array.from(x.data.subarray(start, start + length))), start);
  }
  return made;
};

const joined = (parts, axis) => {
  const along = axisOf(axis, parts[0].shape.length);
  const shape = parts[0].shape.with(along, parts.reduce((total, part) => total + part.shape[along], 0));
  const made = tensor(parts[0].type, shape), outer = sizeOf(shape.slice(0, along));
  for (let row = 0, to = 0; row < outer; row++) {
    for (const part of parts) {
      const length = part.data.length / outer;
      made.data.set(part.data.subarray(row * length, (row + 1) * length), to);
      to += length;
    }
  }
  return made;
};

const cut = (x, starts, shape) => {
  const steps = stepsOf(x.shape);
  return view(x, shape, steps, starts.reduce((total, start, axis) => total + start * steps[axis], 0));
};

const divided = (x, axis, sizes) => {
  const along = axisOf(axis, x.shape.length);
  let start = 0;
  return sizes.map(size => {
    const part = cut(x, x.shape.map((_, other) => other === along ? start : 0), x.shape.with(along, size));
    start += size;
    return part;
  });
};

const shaped = (x, shape) => {
  const known = shape.reduce((total, size) => size < 0 ? total : total * size, 1);
  return tensor(x.type, shape.map(size => size < 0 ? x.data.length / known : size), x.data);
};

const padded = (x, paddings, value) => {
  const ends = integersOf(paddings), shape = x.shape.map((size, axis) => ends[2 * axis] + size + ends[2 * axis + 1]);
  const made = tensor(x.type, shape), steps = stepsOf(shape);
  made.data.fill(value);
  walk(x.shape, steps, steps.reduce((total, step, axis) => total + step * ends[2 * axis], 0),
    (from, to) => { made.data[to] = x.data[from]; });
  return made;
};

const product = (a, b, transposedA, transposedB) => {
  const [rows, inner] = transposedA ? [a.shape[1], a.shape[0]] : a.shape;
  const columns = transposedB ? b.shape[0] : b.shape[1];
  const [rowA, innerA] = transposedA ? [1, rows] : [inner, 1], [innerB, columnB] = transposedB ? [1, inner] : [columns, 1];
  const made = tensor(a.type, [rows, columns]), sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let k = 0; k < inner; k++) {
      const value = a.data[row * rowA + k * innerA];
      for (let column = 0; column < columns; column++) sums[column] += value * b.data[k * innerB + column * columnB];
    }
    made.data.set(sums, row * columns);
  }
  return made;
};

// Number of pixels that a convolution adds before the first one, on each axis.
const before = (input, output, kernel, { strides, dilations, padding, explicit_paddings }) => [0, 1].map(axis => {
  if (padding === "EXPLICIT") return explicit_paddings[2 + 2 * axis];
  if (padding !== "SAME") return 0;
  const reach = (kernel[axis] - 1) * dilations[1 + axis] + 1;
  return Math.max((output[1 + axis] - 1) * strides[1 + axis] + reach - input[1 + axis], 0) >> 1;
});

// Visits the pairs of pixels that a convolution joins: of the larger image, of the smaller one, and of the kernel.
const pairs = (large, small, kernel, at, visit) => {
  const [top, left] = before(large, small, kernel, at), [, down, across] = at.strides, [, rows, columns] = at.dilations;
  for (let n = 0; n < small[0]; n++) for (let i = 0; i < small[1]; i++) for (let j = 0; j < small[2]; j++) {
    for (let k = 0; k < kernel[0]; k++) for (let l = 0; l < kernel[1]; l++) {
      const y = i * down - top + k * rows, x = j * across - left + l * columns;
      if (y < 0 || x < 0 || y >= large[1] || x >= large[2]) continue;
      visit(((n * large[1] + y) * large[2] + x) * large[3], ((n * small[1] + i) * small[2] + j) * small[3],
        (k * kernel[1] + l) * kernel[2] * kernel[3]);
    }
  }
};

const convolvedShape = ([batch, ...input], kernel, at) => [batch, ...[0, 1].map(axis => {
  const reach = (kernel[axis] - 1) * at.dilations[1 + axis] + 1, step = at.strides[1 + axis];
  if (at.padding === "SAME") return Math.ceil(input[axis] / step);
  const added = at.padding === "EXPLICIT" ? at.explicit_paddings[2 + 2 * axis] + at.explicit_paddings[3 + 2 * axis] : 0;
  return Math.floor((input[axis] + added - reach) / step) + 1;
}), kernel[3]];

// erfc by a Chebyshev fit with a relative error below 1.2e-7 (Numerical Recipes, section 6.2).
const ERFC = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277];
const erfc = x => {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const rest = t * Math.exp(-x * x + ERFC.reduceRight((total, factor) => total * t + factor, 0));
  return x >= 0 ? rest : 2 - rest;
};
const erf = x => {
  if (Math.abs(x) >= 0.5) return 1 - erfc(x);
  // Near 0 the difference from 1 would lose its digits.
  let term = x, total = x;
  for (let k = 1; k < 16; k++) total += (term *= -x * x / k) / (2 * k + 1);
  return 2 / Math.sqrt(Math.PI) * total;
};
const evenly = x => {
  const near = Math.round(x);
  return near - x === 0.5 && near % 2 ? near - 1 : near;
};
const softplus = x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = x => x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
const SELU = [1.0507009873554805, 1.7580993408473766];
const same = ([x]) => x;

const OPERATIONS = {
  Abs: each(Math.abs),
  Add: both((a, b) => a + b),
  AddN: parts => parts.reduce((one, other) => both((a, b) => a + b)([one, other])),
  AddV2: both((a, b) => a + b),
  All: reduce(1, (a, b) => a && b),
  Any: reduce(0, (a, b) => a || b),
  ArgMax: ([x, axis], at) => {
    const along = axisOf(axis.data[0], x.shape.length), shape = x.shape.toSpliced(along, 1);
    const made = tensor("i", shape), steps = stepsOf(x.shape);
    walk(shape, steps.toSpliced(along, 1), 0, (to, from) => {
      let best = 0;
      for (let k = 1; k < x.shape[along]; k++) {
        if (x.data[from + k * steps[along]] > x.data[from + best * steps[along]]) best = k;
      }
      made.data[to] = best;
    });
    return made;
  },
  BatchMatMulV2: ([a, b], { adj_x, adj_y }) => {
    const outer = jointShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), count = sizeOf(outer);
    const matrices = x => {
      const whole = broadcast(x, [...outer, ...x.shape.slice(-2)]), length = whole.data.length / count;
      return n => tensor(x.type, x.shape.slice(-2), whole.data.subarray(n * length, (n + 1) * length));
    };
    const [first, second] = [matrices(a), matrices(b)];
    const parts = Array.from({ length: count }, (_, n) => product(first(n), second(n), adj_x, adj_y));
    return shaped(joined(parts, 0), [...outer, ...parts[0].shape]);
  },
  BiasAdd: both((a, b) => a + b),
  BroadcastTo: ([x, shape]) => broadcast(x, integersOf(shape)),
  Cast: ([x], { DstT }) => each(DstT === "i" ? Math.trunc : DstT === "b" ? Boolean : value => value, DstT)([x]),
  Ceil: each(Math.ceil),
  ClipByValue: ([x, low, high]) => both(Math.min)([both(Math.max)([x, low]), high]),
  ConcatV2: parts => joined(parts.slice(0, -1), parts.at(-1).data[0]),
  Conv2D: ([x, kernel], at) => {
    const shape = convolvedShape(x.shape, kernel.shape, at), [, , inputs, outputs] = kernel.shape;
    const sums = new Float64Array(sizeOf(shape));
    pairs(x.shape, shape, kernel.shape, at, (large, small, of) => {
      for (let c = 0; c < inputs; c++) {
        const value = x.data[large + c], row = of + c * outputs;
        for (let o = 0; o < outputs; o++) sums[small + o] += value * kernel.data[row + o];
      }
    });
    return tensor(x.type, shape, ARRAYS[x.type].from(sums));
  },
  Conv2DBackpropInput: ([sizes, kernel, x], at) => {
    const shape = integersOf(sizes), [, , outputs, inputs] = kernel.shape, sums = new Float64Array(sizeOf(shape));
    pairs(shape, x.shape, kernel.shape, at, (large, small, of) => {
      for (let o = 0; o < outputs; o++) {
        let total = 0;
        for (let c = 0; c < inputs; c++) total += x.data[small + c] * kernel.data[of + o * inputs + c];
        sums[large + o] += total;
      }
    });
    return tensor(x.type, shape, ARRAYS[x.type].from(sums));
  },
  Cos: each(Math.cos),
  Cumsum: ([x, axis], { exclusive, reverse }) => {
    const along = axisOf(axis.data[0], x.shape.length), steps = stepsOf(x.shape), made = tensor(x.type, x.shape);
    walk(x.shape.toSpliced(along, 1), steps.toSpliced(along, 1), 0, (_, start) => {
      let total = 0;
      for (let k = 0; k < x.shape[along]; k++) {
        const place = start + (reverse ? x.shape[along] - 1 - k : k) * steps[along];
        if (exclusive) made.data[place] = total;
        total += x.data[place];
        if (!exclusive) made.data[place] = total;
      }
    });
    return made;
  },
  Elu: each(x => x > 0 ? x : Math.expm1(x)),
  EnsureShape: same,
  Equal: both((a, b) => a === b, "b"),
  Erf: each(erf),
  Erfc: each(erfc),
  Exp: each(Math.exp),
  ExpandDims: ([x, axis]) => shaped(x, x.shape.toSpliced(axisOf(axis.data[0], x.shape.length + 1), 0, 1)),
  Expm1: each(Math.expm1),
  Fill: ([shape, value]) => broadcast(value, integersOf(shape)),
  Floor: each(Math.floor),
  FloorDiv: both((a, b) => Math.floor(a / b)),
  FloorMod: both((a, b) => a - b * Math.floor(a / b)),
  FusedBatchNormV3: ([x, scale, offset, mean, variance], { epsilon }) => {
    const channels = scale.data.length, made = tensor(x.type, x.shape);
    x.data.forEach((value, place) => {
      const c = place % channels, slope = scale.data[c] / Math.sqrt(variance.data[c] + epsilon);
      made.data[place] = (value - mean.data[c]) * slope + offset.data[c];
    });
    return made;
  },
  GatherV2: ([x, indices, axis]) => {
    const along = axisOf(axis.data[0], x.shape.length), after = x.shape.slice(along + 1), inner = sizeOf(after);
    const shape = [...x.shape.slice(0, along), ...indices.shape, ...after], made = tensor(x.type, shape);
    for (let outer = 0, to = 0; outer < sizeOf(x.shape.slice(0, along)); outer++) {
      for (const index of indices.data) {
        const from = (outer * x.shape[along] + index) * inner;
        made.data.set(x.data.subarray(from, from + inner), to);
        to += inner;
      }
    }
    return made;
  },
  Greater: both((a, b) => a > b, "b"),
  GreaterEqual: both((a, b) => a >= b, "b"),
  Identity: same,
  IdentityN: parts => parts,
  Inv: each(x => 1 / x),
  IsFinite: each(Number.isFinite, "b"),
  IsInf: each(x => Math.abs(x) === Infinity, "b"),
  IsNan: each(Number.isNaN, "b"),
  LeakyRelu: ([x], { alpha }) => each(value => value > 0 ? value : alpha * value)([x]),
  Less: both((a, b) => a < b, "b"),
  LessEqual: both((a, b) => a <= b, "b"),
  Log: each(Math.log),
  Log1p: each(Math.log1p),
  LogSoftmax: alongLast(row => {
    const most = Math.max(...row), total = Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
    return row.map(value => value - most - total);
  }),
  LogicalAnd: both((a, b) => a && b, "b"),
  LogicalNot: each(x => !x, "b"),
  LogicalOr: both((a, b) => a || b, "b"),
  MatMul: ([a, b], { transpose_a, transpose_b }) => product(a, b, transpose_a, transpose_b),
  Max: reduce(-Infinity, Math.max),
  Maximum: both(Math.max),
  Mean: reduce(0, (a, b) => a + b, (total, count) => total / count),
  Min: reduce(Infinity, Math.min),
  Minimum: both(Math.min),
  Mul: both((a, b) => a * b),
  Neg: each(x => -x),
  NotEqual: both((a, b) => a !== b, "b"),
  OneHot: ([indices, depth, on, off], { axis }) => {
    const along = axis < 0 ? indices.shape.length : axis, shape = indices.shape.toSpliced(along, 0, depth.data[0]);
    const made = tensor(on.type, shape), steps = stepsOf(shape);
    made.data.fill(off.data[0]);
    walk(indices.shape, steps.toSpliced(along, 1), 0, (from, to) => {
      const index = indices.data[from];
      if (index >= 0 && index < depth.data[0]) made.data[to + index * steps[along]] = on.data[0];
    });
    return made;
  },
  OnesLike: each(() => 1),
  Pack: (parts, { axis }) => {
    const along = axisOf(axis, parts[0].shape.length + 1);
    return joined(parts.map(part => shaped(part, part.shape.toSpliced(along, 0, 1))), along);
  },
  Pad: ([x, paddings]) => padded(x, paddings, 0),
  PadV2: ([x, paddings, value]) => padded(x, paddings, value.data[0]),
  Pow: both(Math.pow),
  PreventGradient: same,
  Prod: reduce(1, (a, b) => a * b),
  RealDiv: both((a, b) => a / b),
  Reciprocal: each(x => 1 / x),
  Relu: each(x => Math.max(x, 0)),
  Relu6: each(x => Math.min(Math.max(x, 0), 6)),
  Reshape: ([x, shape]) => shaped(x, integersOf(shape)),
  ResizeNearestNeighbor: ([x, size], { half_pixel_centers, align_corners }) => {
    const [batch, rows, columns, channels] = x.shape, [height, width] = integersOf(size);
    const made = tensor(x.type, [batch, height, width, channels]);
    const source = (place, from, to) => {
      if (align_corners && to > 1) return Math.round(place * (from - 1) / (to - 1));
      return Math.min(Math.floor((place + (half_pixel_centers ? 0.5 : 0)) * from / to), from - 1);
    };
    walk(made.shape, [0, 0, 0, 0], 0, place => {
      const c = place % channels, j = Math.floor(place / channels) % width;
      const i = Math.floor(place / channels / width) % height, n = Math.floor(place / channels / width / height);
      made.data[place] = x.data[((n * rows + source(i, rows, height)) * columns + source(j, columns, width)) * channels + c];
    });
    return made;
  },
  Rint: each(evenly),
  Round: each(evenly),
  Rsqrt: each(x => 1 / Math.sqrt(x)),
  SelectV2: ([condition, one, other]) => {
    const shape = jointShape(condition.shape, one.shape, other.shape), made = tensor(one.type, shape);
    const [chosen, first, second] = [condition, one, other].map(x => broadcast(x, shape).data);
    chosen.forEach((yes, place) => { made.data[place] = yes ? first[place] : second[place]; });
    return made;
  },
  Selu: each(x => x > 0 ? SELU[0] * x : SELU[1] * Math.expm1(x)),
  Sigmoid: each(sigmoid),
  Sign: each(Math.sign),
  Sin: each(Math.sin),
  Slice: ([x, begin, size]) => {
    const starts = integersOf(begin);
    return cut(x, starts, integersOf(size).map((length, axis) => length < 0 ? x.shape[axis] - starts[axis] : length));
  },
  Softmax: alongLast(row => {
    const most = Math.max(...row), shares = row.map(value => Math.exp(value - most));
    const total = shares.reduce((one, other) => one + other, 0);
    return shares.map(share => share / total);
  }),
  Softplus: each(softplus),
  Softsign: each(x => x / (1 + Math.abs(x))),
  Split: ([axis, x], { num_split }) => {
    const size = x.shape[axisOf(axis.data[0], x.shape.length)] / num_split;
    return divided(x, axis.data[0], new Array(num_split).fill(size));
  },
  SplitV: ([x, sizes, axis]) => divided(x, axis.data[0], integersOf(sizes)),
  Sqrt: each(Math.sqrt),
  Square: each(x => x * x),
  SquaredDifference: both((a, b) => (a - b) ** 2),
  Squeeze: ([x], { squeeze_dims }) => {
    const gone = squeeze_dims.map(axis => axisOf(axis, x.shape.length));
    return shaped(x, x.shape.filter((size, axis) => gone.length ? !gone.includes(axis) : size !== 1));
  },
  StopGradient: same,
  StridedSlice: ([x, begin, end, by], at) => {
    const has = (mask, place) => Boolean((mask >> place) & 1), steps = stepsOf(x.shape), count = begin.data.length;
    const shape = [], walked = [];
    let start = 0, axis = 0;
    const whole = until => {
      for (; axis < until; axis++) {
        shape.push(x.shape[axis]);
        walked.push(steps[axis]);
      }
    };
    for (let place = 0; place < count; place++) {
      if (has(at.ellipsis_mask, place)) {
        let after = 0;
        for (let later = place + 1; later < count; later++) after += !has(at.new_axis_mask, later);
        whole(x.shape.length - after);
      } else if (has(at.new_axis_mask, place)) {
        shape.push(1);
        walked.push(0);
      } else {
        const size = x.shape[axis], step = by.data[place];
        if (has(at.shrink_axis_mask, place)) {
          start += axisOf(begin.data[place], size) * steps[axis];
        } else {
          const [least, most] = step > 0 ? [0, size] : [-1, size - 1];
          const inside = value => Math.min(Math.max(axisOf(value, size), least), most);
          const first = has(at.begin_mask, place) ? (step > 0 ? 0 : size - 1) : inside(begin.data[place]);
          const last = has(at.end_mask, place) ? (step > 0 ? size : -1) : inside(end.data[place]);
          start += first * steps[axis];
          shape.push(Math.max(Math.ceil((last - first) / step), 0));
          walked.push(step * steps[axis]);
        }
        axis++;
      }
    }
    whole(x.shape.length);
    return view(x, shape, walked, start);
  },
  Sub: both((a, b) => a - b),
  Sum: reduce(0, (a, b) => a + b),
  Tanh: each(Math.tanh),
  Tile: ([x, multiples]) => integersOf(multiples).reduce((found, times, axis) => times === 1 ? found
    : joined(new Array(times).fill(found), axis), x),
  TopKV2: ([x, k]) => {
    const length = x.shape.at(-1), count = k.data[0], shape = x.shape.with(-1, count);
    const values = tensor(x.type, shape), indices = tensor("i", shape);
    for (let row = 0; row < x.data.length / length; row++) {
      const numbers = x.data.subarray(row * length, (row + 1) * length);
      const order = Array.from(numbers.keys()).sort((one, other) => numbers[other] - numbers[one] || one - other);
      order.slice(0, count).forEach((index, rank) => {
        values.data[row * count + rank] = numbers[index];
        indices.data[row * count + rank] = index;
      });
    }
    return [values, indices];
  },
  Transpose: ([x, order]) => {
    const axes = integersOf(order), steps = stepsOf(x.shape);
    return view(x, axes.map(axis => x.shape[axis]), axes.map(axis => steps[axis]));
  },
  Unpack: ([x], { axis, num }) => divided(x, axis, new Array(num).fill(1))
    .map(part => shaped(part, part.shape.toSpliced(axisOf(axis, x.shape.length), 1))),
  ZerosLike: each(() => 0),
};
