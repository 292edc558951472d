#include <stdio.h>

int main(void)
{
    puts("const char *greeting = \"hello\";");
    return 0;
}
