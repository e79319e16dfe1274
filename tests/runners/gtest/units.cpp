#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

TEST(Files, Leaks) { EXPECT_GE(open("/etc/hosts", O_RDONLY), 0); }
TEST(Files, Closes) { EXPECT_EQ(close(open("/etc/hosts", O_RDONLY)), 0); }
