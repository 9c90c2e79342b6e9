const soundNames = ["original", "interpretation", "residual"];

// The bytes of one of a clip's blocks.
function bytes(clip, name) {
  const text = atob(byId(`clip-${clip}-${name}`).textContent);
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0)).buffer;
}

// The sounds of a clip as buffers of one length. Of three, the page makes the one that is
// missing of the two others.
async function decode(clip, info) {
  let decoder;
  try {
    decoder = new OfflineAudioContext(1, 1, info.sampleRate);
  } catch {
    decoder = new OfflineAudioContext(1, 1, 48000);
  }
  const samples = {};
  for (const name of info.sounds) {
    const buffer = await decoder.decodeAudioData(bytes(clip, name));
    samples[name] = buffer.getChannelData(0);
  }
  const { original, interpretation, residual } = samples;
  if (original && interpretation) {
    // Beyond its end nothing was explained, so that there is no residual.
    samples.residual = interpretation.map((sample, i) => (original[i] ?? 0) - sample);
  } else if (interpretation && residual) {
    samples.original = interpretation.map((sample, i) => (residual[i] ?? 0) + sample);
  } else if (original && residual) {
    samples.interpretation = residual.map((sample, i) => (original[i] ?? 0) - sample);
  }
  const length = Math.max(...Object.values(samples).map((sound) => sound.length));
  const buffers = {};
  for (const [name, sound] of Object.entries(samples)) {
    buffers[name] = new AudioBuffer({ length, sampleRate: decoder.sampleRate });
    buffers[name].copyToChannel(sound, 0);
  }
  return buffers;
}

const player = {
  context: null,
  clip: null,
  info: null,
  duration: 0,
  available: [],
  sound: "original",
  // What the reader chose last, also while a clip lacks it.
  wanted: "original",
  isPlaying: false,
  repeats: false,
  // Where it stands when it does not play, in seconds.
  rest: 0,
  // The clock's time at the beginning of the sound while it plays.
  origin: 0,
  nodes: [],
  decoded: new Map(),
  changed: () => {},

  load(clip, info) {
    const goesOn = this.isPlaying;
    this.halt();
    Object.assign(this, { clip, info, rest: 0, duration: info.duration });
    this.available = info.sounds.length > 1 ? soundNames : info.sounds;
    this.sound = this.available.includes(this.wanted) ? this.wanted : this.available[0];
    this.changed();
    if (goesOn) this.play();
  },

  // The clip's buffers; those of the last few clips are kept.
  buffers() {
    let promise = this.decoded.get(this.clip);
    if (!promise) {
      promise = decode(this.clip, this.info);
      this.decoded.set(this.clip, promise);
      if (this.decoded.size > 4) this.decoded.delete(this.decoded.keys().next().value);
    }
    return promise;
  },

  position() {
    if (!this.isPlaying || !this.nodes.length) return this.rest;
    const { context, origin, duration } = this;
    const heard = context.currentTime - (context.outputLatency || 0) - origin;
    return this.repeats ? Math.max(0, heard) % duration : Math.min(Math.max(0, heard), duration);
  },

  async play() {
    if (this.isPlaying || !this.available.length) return;
    this.isPlaying = true;
    this.changed();
    this.context ??= new AudioContext();
    // Only a context that was made or resumed by the reader's own click or key sounds.
    this.context.resume();
    const clip = this.clip;
    let buffers;
    try {
      buffers = await this.buffers();
    } catch {
      this.isPlaying = false;
      view.note("This browser cannot decode the sound of this clip.");
      return this.changed();
    }
    if (clip === this.clip && this.isPlaying && !this.nodes.length) this.start(buffers);
  },

  start(buffers) {
    const { context } = this;
    this.duration = Object.values(buffers)[0].duration;
    if (this.rest >= this.duration) this.rest = 0;
    const when = context.currentTime + 0.02;
    this.origin = when - this.rest;
    this.nodes = Object.entries(buffers).map(([name, buffer]) => {
      const source = new AudioBufferSourceNode(context, { buffer, loop: this.repeats });
      const gain = new GainNode(context, { gain: name === this.sound ? 1 : 0 });
      source.connect(gain).connect(context.destination);
      source.start(when, this.rest);
      return { name, source, gain };
    });
    this.nodes[0].source.onended = () => {
      this.halt();
      this.rest = 0;
      this.changed();
    };
    this.changed();
  },

  // Stops, without a word to anyone.
  halt() {
    this.rest = this.position();
    this.isPlaying = false;
    for (const { source, gain } of this.nodes) {
      source.onended = null;
      source.stop();
      gain.disconnect();
    }
    this.nodes = [];
  },

  toggle() {
    if (!this.isPlaying) return this.play();
    this.halt();
    this.changed();
  },

  seek(seconds) {
    const goesOn = this.isPlaying;
    this.halt();
    this.rest = Math.min(Math.max(0, seconds), this.duration);
    this.changed();
    if (goesOn) this.play();
  },

  choose(sound) {
    if (!this.available.includes(sound)) return;
    this.sound = this.wanted = sound;
    const now = this.context?.currentTime ?? 0;
    for (const { name, gain } of this.nodes) {
      // A few milliseconds from one to the other: long enough not to click.
      gain.gain.cancelScheduledValues(now);
      gain.gain.setTargetAtTime(name === sound ? 1 : 0, now, 0.003);
    }
    this.changed();
  },

  repeat(repeats) {
    const position = this.position();
    this.repeats = repeats;
    if (this.nodes.length) this.origin += this.position() - position;
    for (const { source } of this.nodes) source.loop = repeats;
  },
};
