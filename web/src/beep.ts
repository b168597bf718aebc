/** Two short tones for a new alert. Browsers allow sound only after a click, which the sound button is. */

let audio: AudioContext | null = null;

export function allowSound(): void {
  audio ??= new AudioContext();
  void audio.resume();
}

export function beep(): void {
  if (audio === null) return;
  for (const [delayS, hertz] of [[0, 880], [0.22, 1175]] as const) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const start = audio.currentTime + delayS;
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.25, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.18);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.2);
  }
}
