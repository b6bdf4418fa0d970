package resident

import (
	"debug/elf"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Release gives back the pages of the program's own file that are mapped and
// cannot have been written to. Of a program that the loader has moved
// (buildmode pie), it gives back nothing: there, such pages may hold addresses
// that were put in at the start.
func Release() error {
	program, err := elf.Open("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("reading the program's own file: %w", err)
	}
	defer program.Close()
	if program.Type != elf.ET_EXEC {
		return nil
	}
	page := uint64(os.Getpagesize())
	for _, part := range program.Progs {
		if part.Type != elf.PT_LOAD || part.Flags&elf.PF_W != 0 {
			continue
		}
		start, end := part.Vaddr&^(page-1), (part.Vaddr+part.Filesz)&^(page-1)
		if _, _, failed := unix.Syscall(unix.SYS_MADVISE, uintptr(start), uintptr(end-start), unix.MADV_DONTNEED); failed != 0 {
			return fmt.Errorf("giving back the pages of the program's own file: %w", failed)
		}
	}
	return nil
}
