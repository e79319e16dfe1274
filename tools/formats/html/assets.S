/* assets.S - style and script of the HTML report, as strings of the tool. */
    .section .rodata
    .globl html_style, html_script
html_style:
    .incbin "tools/formats/html/report.css"
    .byte 0
html_script:
    .incbin "tools/formats/html/report.js"
    .byte 0
    .section .note.GNU-stack, "", @progbits
