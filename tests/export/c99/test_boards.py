"""Arduino's tools build the folder of a C library, and compilers that would round otherwise refuse it."""

import shutil
import subprocess

import numpy as np
import pytest
from c_libraries import needs_arm, on_qemu
from kerasae.export.formats.c99._reference import ReferenceModel

pytestmark = pytest.mark.slow

#: A board for Arduino's builder: a Cortex-M4 whose `Serial` is the console of the emulator.
BOARD = """
mps2.name=MPS2 AN386
mps2.build.core=bare
mps2.build.board=MPS2
mps2.build.mcu=cortex-m4
"""
PLATFORM = """
name=Bare Cortex-M
version=1.0.0
flags=-mcpu={build.mcu} -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -Os -ffunction-sections -fdata-sections
recipe.c.o.pattern=arm-none-eabi-gcc {flags} -std=gnu11 -Wall -Wextra -Werror -c {includes} "{source_file}" -o "{object_file}"
recipe.cpp.o.pattern=arm-none-eabi-g++ {flags} -fno-exceptions -fno-rtti -c {includes} "{source_file}" -o "{object_file}"
recipe.preproc.macros=arm-none-eabi-g++ {flags} -w -x c++ -E -CC {includes} "{source_file}" -o "{preprocessed_file_path}"
recipe.ar.pattern=arm-none-eabi-ar rcs "{archive_file_path}" "{object_file}"
recipe.c.combine.pattern=arm-none-eabi-gcc {flags} --specs=rdimon.specs -Wl,--gc-sections -Wl,-T,{build.core.path}/mps2.ld {object_files} "{build.path}/{archive_file}" -lm -o "{build.path}/{build.project_name}.elf"
"""  # noqa: E501
CORE = {
    "Arduino.h": """
#pragma once
#include <stdio.h>
#include <stdlib.h>
struct Console {
  void begin(long) {}
  void print(const char *text) { printf("%s", text); }
  void print(float number) { printf("%.9g", (double)number); }
  void println(const char *text) { printf("%s\\n", text); }
};
extern Console Serial;
void delay(unsigned long);
void setup();
void loop();
""",
    "main.cpp": """
#include "Arduino.h"
Console Serial;
void delay(unsigned long) { exit(0); }
int main() {
  setup();
  for (;;) loop();
}
""",
}


@needs_arm
@pytest.mark.skipif(shutil.which("arduino-builder") is None, reason="needs apt-get install arduino-builder")
def test_arduino_builds_the_sketch(library, tmp_path):
    """The builder finds the library by its folder; the sketch answers as the reference kernels do."""
    artifact, _ = library("vector")
    (sketch,) = artifact.path.glob("examples/*/*.ino")
    platform = tmp_path / "hardware" / "bare" / "arm"
    core = platform / "cores" / "bare"
    core.mkdir(parents=True)
    (platform / "boards.txt").write_text(BOARD)
    (platform / "platform.txt").write_text(PLATFORM)
    for name, text in CORE.items():
        (core / name).write_text(text)
    for name in ("startup.c", "mps2.ld"):
        shutil.copy(artifact.path / "cortex_m" / name, core)
    shutil.copytree(artifact.path, tmp_path / "libraries" / sketch.stem)
    for folder in ("build", "tools"):
        (tmp_path / folder).mkdir()
    folders = ["-hardware", "/usr/share/arduino-builder", "-hardware", "hardware", "-tools", "tools"]
    command = ["arduino-builder", "-compile", *folders, "-libraries", "libraries"]
    command += ["-fqbn", "bare:arm:mps2", "-build-path", str(tmp_path / "build"), str(sketch)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    program = tmp_path / "build" / f"{sketch.name}.elf"
    printed = subprocess.run(on_qemu(program, "detect"), capture_output=True, text=True, check=True).stdout
    expected = ReferenceModel.open(artifact.path).run("detect", {"x": np.zeros((1, 10), "float32")})
    word, score, *decision = printed.split()
    assert word == "score"
    assert np.float32(score) == expected["score"][0]
    assert (decision == ["anomalous"]) == bool(expected["anomalous"][0])


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc: apt-get install gcc libc6-dev")
@pytest.mark.parametrize(
    ("options", "advice"),
    [
        (["-ffast-math"], "without -ffast-math"),
        # What a double of 32 bits is to avr-gcc, and floats of the x87 to a compiler for old PCs.
        (["-D__DBL_MANT_DIG__=24"], "-mdouble=64"),
        (["-D__FLT_EVAL_METHOD__=2", "-std=c99"], "-mfpmath=sse"),
    ],
)
def test_a_compiler_that_would_round_otherwise_is_refused(options, advice, library):
    artifact, _ = library("vector")
    (source,) = (artifact.path / "src").glob("*.c")
    command = ["gcc", *options, "-fsyntax-only", source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert advice in done.stderr
