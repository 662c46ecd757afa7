"""Compares what a consumer says about a source and about its re-encoding, and says which differences the letters ask for."""
import bisect
import fnmatch
import re
from collections import namedtuple
from pathlib import Path

from consumers import GUESS
from minidump import EXTENDED

# A difference: its kind, a text for people, and both values.
Difference = namedtuple('Difference', 'kind text before after')
# A rule explains differences of a kind: the letters that ask for them, and a check of both values.
Rule = namedtuple('Rule', 'kind letters accepts text')
LETTERS = ['/m', '/mr', '/mFhut', '/mA', '/miw', '/mrR']


def has(letters, any_of):
    return any(letter in letters[2:] for letter in any_of)


def lacks(letters, all_of):
    return not has(letters, all_of)


def anything(before, after):
    return True


def same_until_a_guess(before, after):
    """What was found with certainty is found again: the walkers guess when they scan a stack for addresses of code."""
    certain = next((n for n, frame in enumerate(before) if frame[1] == GUESS), len(before))
    return before[:certain] == after[:certain]


def only_the_extended_state(before, after):
    return before & ~EXTENDED == after


def zeroed(before, after):
    """Every byte stays or becomes zero."""
    return all(new in (old, 0) for old, new in zip(before, after))


def base(name):
    return re.split(r'[\\/]', name)[-1] if isinstance(name, str) else name


def same_without_folders(before, after):
    return [[base(it) for it in row] for row in before] == [[base(it) for it in row] for row in after]


def cleared(before, after):
    return after in (None, '0x0')


def no_environment(before, after):
    return 'PEB parsing error' in after


def missing_list(before, after):
    return re.search('GetMemoryInfoList|GetUnloadedModuleList', after) is not None


RULES = [
    Rule('frames', lambda it: has(it, 'r'), same_until_a_guess,
         'With r, frames that a walker guessed by scanning the stack may go or change; all frames before the first guess stay.'),
    Rule('memory changed', lambda it: has(it, 'r'), zeroed, 'With r, bytes of memory may become zero, and nothing else.'),
    Rule('rest', lambda it: has(it, 'rR'), anything,
         'With r or R, other than the general registers may go: vector registers, and what has no flag.'),
    Rule('rest', lambda it: lacks(it, 'yA'), anything, 'Without y, the extended state of contexts goes.'),
    Rule('flags', lambda it: lacks(it, 'yA') or has(it, 'r'), only_the_extended_state,
         'Without y, and with r, the flag of the extended state goes.'),
    Rule('modules', lambda it: has(it, 'R'), same_without_folders, 'With R, names have no folders.'),
    Rule('fact unloaded_modules', lambda it: lacks(it, 'uA'), anything, 'Without u, there are no unloaded modules.'),
    Rule('fact handles', lambda it: lacks(it, 'hA'), anything, 'Without h, there are no handles.'),
    Rule('fact crash: possible_bit_flips', lambda it: lacks(it, 'FA'), anything,
         'Without F, there is no memory information, in which bit flips are looked for.'),
    Rule('note', lambda it: lacks(it, 'FA') or lacks(it, 'uA'), missing_list,
         'Without F and u, Breakpad misses the lists of these letters.'),
    Rule('last error', lambda it: lacks(it, 'pwA'), anything,
         'Without p, w or A, there are no thread environment blocks, in which Windows keeps the last error.'),
    Rule('note', lambda it: lacks(it, 'pwA'), no_environment,
         'Without p, w or A, there are no process environment blocks, which Python minidump misses.'),
    Rule('fact soft_errors', lambda it: has(it, 'r'), anything, 'With r, what programs say about themselves goes.'),
    *(Rule(f'fact system: {it}', lambda it: True, cleared,
           "The debugger clears AMD's extended features, and on other processors than x86 what is in their place.")
      for it in ('Feature Info', 'AMD Extended Features')),
    Rule('fact Wine', lambda it: has(it, 'rRs'), anything,
         "With r or R, what Wine says about itself behind the system information goes."),
]


def compare(source, result, letters):
    """The differences of two sets of facts, without those that are explained. `None` if the source cannot be read either."""
    if not source['ok']:
        return [] if result['ok'] else None
    if not result['ok']:
        return [Difference('refused', '; '.join(result['notes']) or 'no message', None, None)]
    found = [*_notes(source, result), *_threads(source['threads'], result['threads']),
             *_modules(source['modules'], result['modules']), *_memory(source['memory'], result['memory'], letters)]
    for name in sorted({*source['facts'], *result['facts']}):
        found += _value(f'fact {name}', name, source['facts'].get(name), result['facts'].get(name))
    return [it for it in found if not any(explains(rule, it, letters) for rule in RULES)]


def explains(rule, difference, letters):
    return rule.kind == difference.kind and rule.letters(letters) and rule.accepts(difference.before, difference.after)


def _notes(source, result):
    return [Difference('note', it, None, it) for it in dict.fromkeys(result['notes']) if it not in source['notes']]


def _value(kind, place, before, after):
    return [] if before == after else [Difference(kind, f'{place}: {_first(before, after)}', before, after)]


def _threads(before, after):
    if list(map(str, before)) != list(map(str, after)):
        return _value('threads', 'threads', list(map(str, before)), list(map(str, after)))
    found = []
    for thread, mine in before.items():
        for name in {**mine, **after[thread]}:
            one, other = mine.get(name), after[thread].get(name)
            if name == 'frames' and len(one) < len(other) and other[:len(one)] == one:
                continue  # It can be walked further than before.
            found += _value(name, f'thread {thread}, {name}', one, other)
    return found


def _modules(before, after):
    return _value('modules', 'modules', before, after)


def _memory(before, after, letters):
    """Every byte of the result is a byte of the source; with A all bytes of the source are there."""
    runs = []
    for start, data in sorted(before, key=lambda it: it[0]):
        if runs and runs[-1][0] + len(runs[-1][1]) == start:
            runs[-1][1].extend(data)
        else:
            runs.append((start, bytearray(data)))
    starts, found, added, changed = [it[0] for it in runs], [], [], []
    for start, data in after if before else []:
        # A range of the result may reach over several of the source: bytes in between are said to be zero.
        at = max(bisect.bisect_right(starts, start) - 1, 0)
        known = bytearray(len(data))
        covered = 0
        while at < len(runs) and runs[at][0] < start + len(data):
            low, high = max(start, runs[at][0]), min(start + len(data), runs[at][0] + len(runs[at][1]))
            if low < high:
                known[low - start:high - start] = runs[at][1][low - runs[at][0]:high - runs[at][0]]
                covered += high - low
            at += 1
        if covered < len(data):
            added.append(f'{start:#x}+{len(data) - covered:#x}')
        elif known != data:
            changed.append((start, bytes(known), bytes(data)))
    if added:
        found.append(Difference('memory added', f'{len(added)} ranges, {added[0]}', None, None))
    for start, one, other in changed:
        first = next(n for n in range(len(one)) if one[n] != other[n])
        found.append(Difference('memory changed', f'{start + first:#x}: {one[first]:02x} -> {other[first]:02x}', one, other))
    lost = _covered(before) - _covered(after)
    if has(letters, 'A') and lost > 0:
        found.append(Difference('memory lost', f'{lost} bytes', None, None))
    return found


def _covered(memory):
    """The number of different addresses."""
    count = end = 0
    for start, data in sorted(memory, key=lambda it: it[0]):
        count += max(start + len(data) - max(start, end), 0)
        end = max(end, start + len(data))
    return count


def _first(before, after):
    """Where two values begin to differ."""
    if isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        lengths = f'{len(before)} -> {len(after)} entries: ' if len(before) != len(after) else ''
        for number, (one, other) in enumerate(zip(before, after)):
            if one != other:
                return f'{lengths}[{number}] {_first(one, other)}'
        return lengths + str([*before, *after][min(len(before), len(after))])[:120]
    if isinstance(before, dict) and isinstance(after, dict):
        name = next(it for it in {**before, **after} if before.get(it) != after.get(it))
        return f'{name}: {_first(before.get(name), after.get(name))}'
    return f'{_short(before)} -> {_short(after)}'


def _short(value):
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= 80 else f'{text[:77]}...'


class Known:
    """The list of cells that differ for a reason: `known.tsv`."""
    Entry = namedtuple('Entry', 'word consumer sources letters kinds fault reason')

    def __init__(self, path):
        lines = [it for it in Path(path).read_text().splitlines() if it and not it.startswith('#')]
        self.entries = [self.Entry(*line.split('\t')) for line in lines[1:]]

    def explain(self, source, letters, consumer, differences):
        """The first entry that names all kinds of differences of this cell."""
        for entry in self.entries:
            if self.covers(entry, source, letters, consumer) and all(
                    any(fnmatch.fnmatchcase(it.kind, kind) for kind in entry.kinds.split(', ')) for it in differences):
                return entry
        return None

    @staticmethod
    def covers(entry, source, letters, consumer):
        return (consumer == entry.consumer and letters in entry.letters.split(', ')
                and any(fnmatch.fnmatchcase(source, it) for it in entry.sources.split(', ')))
