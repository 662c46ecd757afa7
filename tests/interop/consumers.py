"""What other programs say about a dump, as facts that `rules.py` can compare.

Facts are a dictionary: `ok`; `notes`, the errors and warnings; `threads`, by ID, each with `registers`, `rest` (of the
context), `flags`, `frames` (address, how it was found, module) and other texts; `modules`; `memory`, as pairs of address and
bytes; and `facts`, anything else by name.
"""
import json
import os
import pickle
import re
import tempfile
from collections import namedtuple
from pathlib import Path

import tools
from minidump import Minidump, registers
from tools import run

# `sees`: which kinds of damage show in its facts. `version` also finds out whether the consumer can be had.
Consumer = namedtuple('Consumer', 'name quick program version ask sees')
GUESS = 'scan'


def nothing():
    return {'ok': True, 'notes': [], 'threads': {}, 'modules': [], 'memory': [], 'facts': {}}


def refused(reason):
    return {**nothing(), 'ok': False, 'notes': [reason]}


def note(line, path):
    """A message without what differs between files: positions, counts, addresses, times, colours."""
    line = re.sub(r'\x1b\[[0-9;]*m|^\d{4}-\S+ \S*', '', line.replace(str(path), 'FILE'))
    return re.sub(r'0x[0-9a-fA-F]+|/tmp/\S+|\d+', 'N', line).strip()


def in_python(which, interpreter, module_folder, *arguments):
    """A reader with an interface for Python: asked in a process of its own, which may crash."""
    def ask(path, folders):
        with tempfile.TemporaryDirectory() as scratch:
            answer = Path(scratch) / 'answer'
            command = [interpreter(), tools.HERE / 'in_python.py', which, path, answer, *folders]
            code, _, err = run(command, 60, env={'PATH': os.environ['PATH'], 'PYTHONPATH': str(module_folder())})
            if code or not answer.exists():
                return refused(note((err.strip() or f'exit code {code}').splitlines()[-1], path))
            facts = pickle.loads(answer.read_bytes())
        facts['notes'] = [note(line, path) for line in facts['notes']]
        return facts
    return ask


def stackwalk(path, _):
    code, out, err = run([tools.stackwalk(), '--json', '--verbose=warn', path])
    if code:
        return refused(note((err.strip() or 'no message').splitlines()[-1], path))
    facts, said = nothing(), json.loads(out)
    facts['notes'] = [note(line, path) for line in err.splitlines()]
    for thread in said['threads'] or []:
        frames = [(int(it['offset'], 16), it['trust'], (it['module'] or '').lower()) for it in thread['frames']]
        facts['threads'][thread['thread_id']] = {
            'frames': frames, 'name': thread['thread_name'], 'last error': thread['last_error_value']}
    crashed = said.get('crashing_thread') or {}
    if crashed.get('frames'):
        facts['facts']['registers of the crash'] = crashed['frames'][0].get('registers')
    for module in said['modules']:
        keys = ('filename', 'debug_file', 'debug_id', 'code_id', 'version', 'end_addr')
        facts['modules'].append((int(module['base_addr'], 16), *(module[key] for key in keys)))
    crash = said['crash_info']
    facts['facts'].update({f'crash: {key}': crash.get(key) for key in
                           ('type', 'address', 'crashing_thread', 'assertion', 'adjusted_address', 'possible_bit_flips')})
    # It prints them in an order of chance.
    limits = said.get('proc_limits')
    said['proc_limits'] = limits and sorted(limits['limits'], key=str)
    facts['facts'].update({key: said.get(key) for key in
                           ('system_info', 'status', 'pid', 'lsb_release', 'soft_errors', 'mac_crash_info', 'proc_limits',
                            'linux_memory_map_count', 'mac_boot_args', 'unloaded_modules', 'handles', 'main_module')})
    return facts


def obj2yaml(path, _):
    code, out, err = run([tools.llvm_program('obj2yaml'), path])
    if code:
        return refused(note((err.strip() or 'no message').splitlines()[-1], path))
    facts, dump = nothing(), Minidump(path)
    facts['notes'] = [note(line, path) for line in err.splitlines()]
    thread, module, start, stream = {}, [], None, None
    for line in out.splitlines():
        key, _, value = line.strip().removeprefix('- ').partition(':')
        value = value.strip().strip('\'"')
        if key == 'Type' and line.startswith('  - '):
            stream = value
        elif key == 'Thread Id' and stream == 'ThreadList':
            thread = facts['threads'].setdefault(int(value, 16), {})
        elif key == 'Thread ID':
            thread = facts['threads'].setdefault('exception', {'thread': value})
        elif key in ('Context', 'Thread Context'):
            thread['registers'], thread['flags'], thread['rest'] = registers(dump.processor(), bytes.fromhex(value))
        elif key == 'Environment Block':
            thread['environment'] = value
        elif key.startswith('Exception ') and value:
            thread[key] = value
        elif key == 'Base of Image':
            module = [int(value, 16)]
            facts['modules'].append(module)
        elif key in ('Size of Image', 'Module Name', 'Time Date Stamp'):
            module.append(value)
        elif key == 'CodeView Record':
            record = bytes.fromhex(value)
            # The path of a PDB is a name of its own.
            module += [record[:24].hex(), record[24:].decode('utf-8', 'replace')] if record[:4] == b'RSDS' else [value]
        elif key == 'Start of Memory Range':
            # The positions of stacks in the records of threads are 0 in dumps with full memory.
            start = int(value, 16) if stream != 'ThreadList' else None
        elif key == 'Content' and start is not None:
            facts['memory'].append((start, bytes.fromhex(value)))
            start = None
        elif stream == 'SystemInfo':
            facts['facts'][f'system: {key}'] = value
    facts['modules'] = [tuple(it) for it in facts['modules']]
    return facts


def file(path, _):
    code, out, _ = run(['file', '-b', path])
    facts = nothing()
    facts['facts']['file'] = re.sub(r'\d+ streams', 'N streams', re.sub(r', (0x[0-9a-f]+|0) type', '', out.strip()))
    return facts


def breakpad_program(name):
    return tools.breakpad() / 'bin/linux-x64' / name


def breakpad_walk(path, _):
    code, out, err = run([breakpad_program('minidump_stackwalk'), '-m', path])
    facts = nothing() if code == 0 else refused('no stacks')
    facts['notes'] += [note(line.partition('ERROR: ')[2], path) for line in err.splitlines() if 'ERROR: ' in line]
    if code:
        return facts
    for row in (line.split('|') for line in out.splitlines()):
        if row[0] == 'Module':
            facts['modules'].append((int(row[5], 16), *row[1:5], row[6]))
        elif row[0] in ('OS', 'CPU', 'GPU', 'Crash'):
            facts['facts'][row[0]] = row[1:]
    # Only the form for people says how frames were found.
    thread = None
    for line in run([breakpad_program('minidump_stackwalk'), path])[1].splitlines():
        if found := re.match(r'Thread (\d+)', line):
            thread = facts['threads'][int(found[1])] = {'frames': [], 'registers': {}}
        elif thread is not None and (found := re.match(r' ?\d+  (\S.*)', line)):
            thread['frames'].append([None, None, found[1].lower()])
        elif thread is not None and (found := re.match(r'\s+Found by: (.*)', line)):
            thread['frames'][-1][1] = GUESS if 'scanning' in found[1] else found[1]
        elif thread is not None and thread['frames']:
            frame = dict(re.findall(r'\b(\w+) = 0x([0-9a-f]+)', line))
            if len(thread['frames']) == 1:
                thread['registers'].update(frame)
            for name in ('rip', 'eip', 'pc'):
                if name in frame:
                    thread['frames'][-1][0] = int(frame[name], 16)
    for thread in facts['threads'].values():
        thread['frames'] = [tuple(it) for it in thread['frames']]
    return facts


def breakpad_dump(path, _):
    code, out, err = run([breakpad_program('minidump_dump'), path])
    if not out:
        return refused(f'exit code {code}')
    # It also fails if a dump has no memory information or no unloaded modules: a note says so.
    facts = nothing()
    facts['notes'] = [note(line.partition('ERROR: ')[2], path) for line in err.splitlines() if 'ERROR: ' in line]
    thread, module = {}, []
    for line in out.splitlines():
        key, _, value = line.strip().partition(' = ')
        key = key.strip()
        if key == 'thread_id':
            thread = facts['threads'].setdefault(f'{value} {len(facts["threads"])}', {'registers': {}})
        elif re.fullmatch('[re]([abcd]x|[sd]i|[bs]p|ip)', key) and thread:
            thread['registers'][key] = value
        elif key == 'base_of_image':
            module = [int(value, 16)]
            facts['modules'].append(module)
        elif key in ('(code_file)', '(code_identifier)', '(debug_file)', '(debug_identifier)') and module:
            module.append(value.strip('"'))
    facts['modules'] = [tuple(it) for it in facts['modules']]
    return facts


def winedbg(path, _):
    code, out, err = run(['wine', 'winedbg', '--command', 'info share', path], 90, env=tools.wine())
    out = out.replace('\r', '')
    if code or 'on minidump' not in out:
        return refused(note((err.strip() or out.strip() or 'no message').splitlines()[-1], path))
    facts, thread = nothing(), {'registers': {}, 'frames': []}
    facts['threads']['current'] = thread
    for line in out.splitlines():
        if found := re.match(r'(?:=>| ) ?\d+ 0x([0-9a-f]+)(.*)', line):
            thread['frames'].append((int(found[1], 16), 'unknown', re.sub(r'\(0x[0-9a-f]+\)$', '', found[2]).strip()))
        elif found := re.match(r'0x([0-9a-f]+): +((?:[0-9a-f]{8,16} ?)+)$', line):
            words = found[2].split()
            content = b''.join(int(it, 16).to_bytes(len(it) // 2, 'little') for it in words)
            facts['memory'].append((int(found[1], 16), content))
        elif re.match(r' r..:', line) or re.match(r' E..:', line, re.IGNORECASE):
            thread['registers'].update(re.findall(r'(\w+): ?([0-9a-f]{8,16})', line))
        elif re.match(r'(PE|ELF|Native)', line):
            # Between range and name is whether it has read symbols.
            kind, place, _, *names = line.split()
            facts['modules'].append((kind, place, *names))
        elif 'on top of' in line:
            facts['facts']['Wine'] = line.strip()
        if re.search('error|warn|fail|unsupported|invalid|cannot', line, re.IGNORECASE) and 'internal error' not in line:
            facts['notes'].append(note(line, path))
    return facts


def _python():
    import sys
    return sys.executable


def _program_version(command):
    def version():
        return re.search(r'\d+(\.\d+)+', tools.need([command(), '--version']))[0]
    return version


def _package(name, version):
    def found():
        tools.python_package(name, version)
        return version
    return found


def _breakpad_version():
    tools.breakpad()
    return 'of npm minidump 0.26.0'


def _llvm_version():
    tools.llvm_program('obj2yaml')
    return tools.debian(f'llvm{tools.llvm()}')


EVERYTHING = frozenset({'register', 'memory', 'module', 'thread', 'cut'})
CONSUMERS = [
    Consumer('stackwalk', True, 'minidump-stackwalk', _program_version(tools.stackwalk), stackwalk, EVERYTHING - {'memory'}),
    Consumer('LLDB', True, 'LLDB', lambda: tools.lldb()[2],
             in_python('lldb', lambda: '/usr/bin/python3', lambda: tools.lldb()[1]), EVERYTHING),
    Consumer('python', True, 'Python minidump', _package('minidump', '0.0.24'),
             in_python('minidump', _python, lambda: tools.python_package('minidump', '0.0.24')), EVERYTHING),
    Consumer('udmp', True, 'udmp-parser', _package('udmp-parser', '0.7.0'),
             in_python('udmp', _python, lambda: tools.python_package('udmp-parser', '0.7.0')),
             EVERYTHING - {'memory'} | {'full memory'}),
    Consumer('obj2yaml', True, 'obj2yaml', _llvm_version, obj2yaml, EVERYTHING),
    Consumer('file', True, 'file', lambda: tools.debian('file'), file, frozenset()),
    Consumer('walk', False, "Breakpad's minidump_stackwalk", _breakpad_version, breakpad_walk, EVERYTHING - {'memory', 'thread'}),
    Consumer('dump', False, "Breakpad's minidump_dump", _breakpad_version, breakpad_dump, EVERYTHING - {'memory'}),
    Consumer('winedbg', False, 'winedbg', lambda: tools.debian('wine') if tools.wine() else '', winedbg,
             frozenset({'module', 'cut'})),
]
