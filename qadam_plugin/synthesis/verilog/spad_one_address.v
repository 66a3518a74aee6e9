// Scratchpad as in spad, with one address for the word that is written and the word that is read.
//   wen    1, in           word addr takes wdata at this edge
//   addr   ADDR_BITS, in
//   wdata  WIDTH, in
//   rdata  WIDTH, out      word addr as it stands before this edge
module spad_one_address #(
    parameter DEPTH = 16,
    parameter WIDTH = 16,
    parameter ADDR_BITS = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
    input                  clk,
    input                  wen,
    input  [ADDR_BITS-1:0] addr,
    input  [WIDTH-1:0]     wdata,
    output [WIDTH-1:0]     rdata
);
    spad #(.DEPTH(DEPTH), .WIDTH(WIDTH)) words (
        .clk(clk), .wen(wen), .waddr(addr), .wdata(wdata), .raddr(addr), .rdata(rdata)
    );
endmodule
