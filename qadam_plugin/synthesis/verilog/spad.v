// Scratchpad of DEPTH words of WIDTH bits in flip-flops: one write port, one read port without a register.
//   wen    1, in           word waddr takes wdata at this edge: an enable per word, which clock gating maps
//   waddr  ADDR_BITS, in
//   wdata  WIDTH, in
//   raddr  ADDR_BITS, in
//   rdata  WIDTH, out      word raddr as it stands before this edge; it moves only with raddr and the word itself
// Words have no reset: a word that was never written is undefined, as is rdata for an address of DEPTH or above.
module spad #(
    parameter DEPTH = 16,
    parameter WIDTH = 16,
    parameter ADDR_BITS = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
    input                  clk,
    input                  wen,
    input  [ADDR_BITS-1:0] waddr,
    input  [WIDTH-1:0]     wdata,
    input  [ADDR_BITS-1:0] raddr,
    output [WIDTH-1:0]     rdata
);
    reg [WIDTH-1:0] words [0:DEPTH-1];
    always @(posedge clk) if (wen) words[waddr] <= wdata;
    assign rdata = words[raddr];
endmodule
