package runners

// #include <stdio.h>
import "C"

func Open(keep bool) {
	file := C.fopen(C.CString("/etc/hosts"), C.CString("r"))
	if !keep {
		C.fclose(file)
	}
}
