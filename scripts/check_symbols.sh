#!/bin/bash
# check_symbols.sh BUILD: holds a release build to its two promises about symbols.
# 1. An object compiled for an instruction set has no weak symbol: the linker could keep its copy of a shared inline function
#    and hand it to the baseline. 2. libvireo exports Vireo's own names and nothing of its libraries.
set -u
build=${1:?usage: check_symbols.sh BUILD}
fail=0 objects=0
while IFS= read -r object; do
  objects=$((objects + 1))
  weak=$(nm -C --defined-only "$object" | grep -E ' [WwVvu] ' | grep -v ' DW\.ref\.')
  if [ -n "$weak" ]; then
    echo "${object#"$build"/}: weak symbols in an instruction-set object:"
    echo "$weak" | head -5
    fail=1
  fi
done < <(find "$build" -name 'x86_*.cpp.o' -path '*kernels*')
library=$(find "$build" -maxdepth 1 -name 'libvireo.so.*' -type f | head -1)
exported=0
if [ -n "$library" ]; then
  names=$(nm -DC --defined-only "$library" | sed -E 's/^[0-9a-f]+ [A-Za-z] //')
  exported=$(printf '%s\n' "$names" | grep -c .)
  own='^((non-virtual|virtual) thunk to |(typeinfo|typeinfo name|vtable|VTT|guard variable) for )?vireo(::|_)'
  foreign=$(printf '%s\n' "$names" | grep -vE "$own" | grep -vE '^(_init|_fini|__bss_start|_edata|_end)$' | grep .)
  if [ -n "$foreign" ]; then
    echo "libvireo exports what is not its own:"
    echo "$foreign" | head -10
    fail=1
  fi
fi
[ $fail = 0 ] && echo "symbols: $objects instruction-set objects without weak symbols, $exported exported names"
exit $fail
