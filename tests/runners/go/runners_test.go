package runners

import "testing"

func TestLeaks(t *testing.T) { Open(true) }
func TestTidy(t *testing.T)  { Open(false) }
